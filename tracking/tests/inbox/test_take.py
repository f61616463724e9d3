"""What follows from a mail that came in: the right person, once, and nothing of what is nobody's business."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.content.message_id import message_id
from campaigns.content.return_path import return_path
from campaigns.models import Campaign, Message, Recipient
from campaigns.tests.factories import (
    NOON,
    LeadAliasFactory,
    LeadFactory,
    MessageFactory,
    OrganizationFactory,
    SenderFactory,
)
from leads.models import Suppression
from tracking.inbox.identity import identity_of
from tracking.inbox.reading import MailKind
from tracking.inbox.take import Fate, Place, look, take
from tracking.models import EmailEvent, InboundKind, InboundMail
from tracking.tests.inbox.mails import OF_THE_HOUSE, bounce, complaint, reply

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=1)


def come_in(raw, mailbox, *, at=LATER, uid=1):
    place = Place(mailbox, "INBOX", uid, 1, "ada")
    return take(raw, organization=mailbox.organization, received_at=at, now=LATER + timedelta(hours=1), place=place)


def outcome():
    """What became of the one recipient, and the events there are."""
    recipient = Recipient.objects.get()
    return recipient.status, list(EmailEvent.objects.values_list("event_type", flat=True))


def test_kinds_are_those_of_the_reading():
    assert set(InboundKind.values) == {kind.value for kind in MailKind}


def test_a_reply_takes_its_writer_out_and_keeps_the_new_words(message, mailbox):
    taken = come_in(reply(to=message.message_id, sender="bob.private@home.example"), mailbox)

    assert (taken.fate, outcome()) == (Fate.TAKEN, ("replied", ["reply"]))
    row = InboundMail.objects.get()
    assert (row.recipient, row.message, row.mailbox) == (message.recipient, message, mailbox)
    assert (row.text, row.from_address, row.matched_by) == ("Yes, please.", "bob.private@home.example", "message_id")
    assert (InboundMail.objects.with_event().get().event, row.status) == (EmailEvent.objects.get().pk, "settled")
    assert (Recipient.objects.get().replied_at, Campaign.objects.get().emails_replied) == (LATER, 1)


def test_the_same_mail_twice_happens_once_wherever_it_is_read(message, mailbox):
    raw = reply(to=message.message_id)
    relayed = b"Received: from elsewhere\r\nX-Spam: no\r\n" + raw.replace(b"\n", b"\r\n")

    fates = [come_in(raw, mailbox).fate, come_in(raw, mailbox, uid=2).fate, come_in(relayed, mailbox, uid=3).fate]

    assert fates == [Fate.TAKEN, Fate.KNOWN, Fate.KNOWN]
    assert (InboundMail.objects.count(), EmailEvent.objects.count(), Campaign.objects.get().emails_replied) == (1, 1, 1)


def test_a_second_answer_is_a_row_and_an_event_of_its_own(message, mailbox):
    come_in(reply(to=message.message_id), mailbox)
    come_in(reply(to=message.message_id, number=2, text="And one more thing."), mailbox)

    assert (InboundMail.objects.count(), EmailEvent.objects.count(), Campaign.objects.get().emails_replied) == (2, 2, 1)


def test_an_automatic_answer_is_kept_and_takes_nobody_out_but_proves_that_the_mail_arrived(message, mailbox):
    Message.objects.update(status="uncertain", reason="timeout", sent_at=None)
    Recipient.objects.update(sent_at=None)
    away = reply(to=message.message_id, headers="Auto-Submitted: auto-replied\n", text="I am away.")

    taken = come_in(away, mailbox)

    assert (taken.fate, taken.kind, outcome()) == (Fate.TAKEN, MailKind.AUTO_REPLY, ("sent", []))
    assert (InboundMail.objects.get().text, Message.objects.get().status) == ("I am away.", "sent")


def test_a_hard_bounce_by_its_return_path_kills_the_address(message, mailbox):
    taken = come_in(bounce(of=message.pk, address="forwarded@elsewhere.example"), mailbox)

    assert (taken.fate, outcome()) == (Fate.TAKEN, ("bounced", ["bounce"]))
    row, event = InboundMail.objects.get(), EmailEvent.objects.get()
    assert (row.matched_by, row.bounce_kind, event.event_data["kind"]) == ("return_path", "hard", "hard")
    assert "550 5.1.1" in event.event_data["reply"]
    assert Suppression.objects.get().address == "bob@acme.example"


def test_a_soft_bounce_is_noted_and_the_sequence_goes_on(message, mailbox):
    come_in(bounce(of=message.pk, status="4.2.2"), mailbox)

    assert (outcome(), Suppression.objects.count()) == (("sent", ["bounce"]), 0)


def test_the_return_path_outweighs_a_message_id_and_a_message_id_an_address(message, mailbox):
    other = MessageFactory(
        recipient__campaign=message.recipient.campaign, status="sent", sent_at=NOON, attempted_at=NOON,
        message_id="<other@fairlead.example>", sender=message.sender, recipient__email_address="eve@acme.example",
    )  # fmt: skip

    by_path = come_in(bounce(of=message.pk, names=other.message_id), mailbox).row
    by_id = come_in(reply(sender="bob@acme.example", to=other.message_id), mailbox).row

    assert (by_path.message, by_path.matched_by) == (message, "return_path")
    assert (by_id.message, by_id.matched_by) == (other, "message_id")


def test_a_bounce_that_names_nothing_of_ours_is_known_by_the_address_the_mail_went_to(message, mailbox):
    taken = come_in(bounce(address="Bob@ACME.example"), mailbox)

    assert (taken.row.message, taken.row.matched_by, outcome()[0]) == (message, "address", "bounced")


def test_a_reply_that_names_nothing_is_known_by_its_writer_and_the_latest_mail_of_this_mailbox(message, mailbox):
    LeadAliasFactory(lead=message.recipient.lead, email_normalized="bob@old.example")
    earlier = MessageFactory(recipient=message.recipient, status="sent", sent_at=NOON, attempted_at=NOON)
    Message.objects.filter(pk=earlier.pk).update(attempted_at=NOON - timedelta(days=2), sender=message.sender)

    taken = come_in(reply(sender="bob@old.example"), mailbox)

    assert (taken.row.message, taken.row.matched_by) == (message, "address")


@pytest.mark.parametrize("what", ["another mailbox", "long ago", "before it was sent", "a stranger"])
def test_who_only_shares_the_address_with_a_mail_of_ours_is_not_taken_for_an_answer(what, message, mailbox):
    at, sender = LATER, "bob@acme.example"
    if what == "another mailbox":
        Message.objects.update(sender=SenderFactory(organization=mailbox.organization))
    if what == "long ago":
        Message.objects.update(attempted_at=NOON - timedelta(days=400))
    if what == "before it was sent":
        at = NOON - timedelta(hours=1)
    if what == "a stranger":
        sender = "stranger@acme.example"

    taken = come_in(reply(sender=sender), mailbox, at=at)

    assert (taken.fate, outcome(), InboundMail.objects.count()) == (Fate.NOBODY, ("sent", []), 0)


def test_what_concerns_nobody_leaves_a_count_and_no_row(message, mailbox):
    taken = come_in(OF_THE_HOUSE, mailbox)

    mailbox.refresh_from_db()
    assert (taken.fate, taken.row, InboundMail.objects.count()) == (Fate.NOBODY, None, 0)
    assert (mailbox.seen_count, mailbox.taken_count, mailbox.positions["INBOX"]["uid"]) == (1, 0, 1)


def test_a_complaint_puts_its_writer_out_for_good(message, mailbox):
    come_in(complaint(names=message.message_id), mailbox)

    assert outcome() == ("complained", ["complain"])
    assert Suppression.objects.get().reason == "complaint"


def test_who_writes_unsubscribe_is_out_for_good(message, mailbox):
    come_in(reply(to=message.message_id, subject="unsubscribe", text="Unsubscribe"), mailbox)

    assert outcome() == ("unsubscribed", ["unsubscribe"])
    assert Suppression.objects.get().reason == "unsubscribed"


def test_who_wants_no_more_is_left_alone_also_where_the_campaign_is_gone(message, mailbox):
    Campaign.objects.all().delete()

    taken = come_in(reply(to=message.message_id, subject="unsubscribe", text="Unsubscribe"), mailbox)

    assert (taken.fate, taken.row.matched_by, taken.row.text) == (Fate.QUARANTINED, "lead", "")
    assert Suppression.objects.get().address == "bob@acme.example"


def test_a_mail_of_ours_that_is_gone_is_quarantined_without_a_word_of_it(mailbox):
    gone = message_id(recipient_id=999_999, step_id=1, domain="fairlead.example")

    by_id = come_in(reply(to=gone, sender="eve@secret.example", text="a secret"), mailbox)
    by_path = come_in(bounce(of=999_999, address="eve@secret.example"), mailbox)

    assert {by_id.fate, by_path.fate} == {Fate.QUARANTINED}
    kept = str(list(InboundMail.objects.values()))
    assert "secret" not in kept
    assert "Re: Hello" not in kept
    assert EmailEvent.objects.count() == 0


def test_another_organizations_mail_is_quarantined_and_nothing_happens_to_it(message):
    elsewhere = OrganizationFactory()

    fates = [
        take(raw, organization=elsewhere, received_at=LATER, now=LATER).fate
        for raw in (reply(to=message.message_id), bounce(of=message.pk), bounce(address="bob@acme.example", number=2))
    ]

    assert fates == [Fate.QUARANTINED, Fate.QUARANTINED, Fate.NOBODY]
    assert outcome() == ("sent", [])


def test_what_was_quarantined_is_matched_again_when_it_is_read_again(message, mailbox):
    missing = message.pk + 1_000
    raw = bounce(of=missing, address="forwarded@elsewhere.example")
    first = come_in(raw, mailbox).fate
    MessageFactory(pk=missing, recipient=message.recipient, status="sent", sent_at=NOON, attempted_at=NOON)

    again = come_in(raw, mailbox, uid=2).fate

    assert (first, again, InboundMail.objects.count()) == (Fate.QUARANTINED, Fate.TAKEN, 1)
    assert outcome()[0] == "bounced"


def test_a_forged_return_path_or_message_id_is_nobodys(message, mailbox):
    path = return_path(message.pk, mailbox="a@b.example", domain="b.example")
    forged = path.replace("b-", "b-1", 1)

    taken = come_in(OF_THE_HOUSE.replace(b"Subject:", b"To: " + forged.encode() + b"\nSubject:"), mailbox)

    assert taken.fate == Fate.NOBODY


def test_what_an_operator_wrote_from_there_is_no_reply(message, mailbox):
    own = reply(to=message.message_id, sender=message.sender.email)

    assert (come_in(own, mailbox).fate, outcome()) == (Fate.NOBODY, ("sent", []))


def test_a_reply_of_a_campaign_that_goes_on_after_replies_takes_nobody_out(message, mailbox):
    Campaign.objects.update(stop_on_reply=False)

    come_in(reply(to=message.message_id), mailbox)

    assert (outcome(), Campaign.objects.get().emails_replied) == (("sent", ["reply"]), 1)


def test_words_that_no_database_takes_are_kept_without_what_it_does_not(message, mailbox):
    raw = reply(to=message.message_id, text="a\0b").replace(b"Re: Hello", b"Re: \xff\xfe")

    assert come_in(raw, mailbox).row.text == "ab"


def test_a_look_says_the_same_and_changes_nothing(message, mailbox):
    raw, home = reply(to=message.message_id), mailbox.organization

    seen = [look(each, organization=home, received_at=LATER, mailbox=mailbox) for each in (raw, OF_THE_HOUSE)]

    assert [fate for fate, _ in seen] == [Fate.TAKEN, Fate.NOBODY]
    assert (InboundMail.objects.count(), outcome()) == (0, ("sent", []))
    come_in(raw, mailbox)
    assert look(raw, organization=home, received_at=LATER, mailbox=mailbox)[0] == Fate.KNOWN


def test_a_lead_nobody_wrote_to_who_wants_no_mail_gets_none(message, mailbox):
    LeadFactory(organization=mailbox.organization, email="eve@acme.example", email_normalized="eve@acme.example")

    come_in(reply(sender="eve@acme.example", subject="unsubscribe", text="Unsubscribe"), mailbox)

    assert Suppression.objects.get().address == "eve@acme.example"


@given(raw=st.binary(max_size=400))
def test_the_identity_of_any_bytes_is_a_digest_that_ways_do_not_change(raw):
    relayed = b"Received: by way of elsewhere\r\n" + raw

    assert len(identity_of(raw)) == 64
    assert identity_of(raw) == identity_of(raw)
    if raw[:1].isalpha() and b":" in raw:
        assert identity_of(relayed) == identity_of(raw)
