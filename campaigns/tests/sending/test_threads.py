"""Follow-ups answer the mails before them; every mail keeps what it was made of."""

import email
import email.policy
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns import steps
from campaigns.content.return_path import read_return_path
from campaigns.content.threads import MOST_REFERENCES, references_of, reply_subject
from campaigns.models import Campaign, Message, MessageStatus, Recipient, Sender, Step, Variant, VariantVersion
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.content import content_of
from campaigns.sending.decide import treat_as_sent
from campaigns.sending.prepare import prepare, preview
from campaigns.sending.work import able_senders
from campaigns.tests.factories import (
    CampaignSenderFactory,
    LeadFactory,
    MessageFactory,
    SenderFactory,
    StepFactory,
    VariantFactory,
)
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import NotFound

pytestmark = pytest.mark.django_db
# The second is made from bodies prepared beforehand, the third by itself.
BODIES = {"prepared": "<p>Again, {{ first_name }}</p>", "single": "<p>{% if company %}Again{% endif %} you</p>"}


@pytest.fixture
def now():
    return timezone.now()


def sequence(now, *bodies: str, people: int = 1, **step) -> Campaign:
    """A running campaign: a first mail, and a follow-up without a subject for each of `bodies`."""
    campaign = started_campaign(people=people, now=now)
    Variant.objects.update(subject="For {{ first_name }}")
    for body in bodies:
        follow_up = StepFactory(campaign=campaign, **step)
        VariantFactory(step=follow_up, subject="", body_html=body)
    return campaign


def sent(campaign: Campaign) -> list[email.message.EmailMessage]:
    road = Road()
    send_all(campaign, road)
    return [email.message_from_bytes(one.data, policy=email.policy.default) for one in road.backend.mails]


def due_again(campaign: Campaign, now) -> None:
    Recipient.objects.filter(campaign=campaign).update(next_send_at=now)


def test_follow_ups_answer_the_first_mail_under_its_subject_both_ways(now):
    first, second, third = sent(sequence(now, *BODIES.values()))

    ids = [mail["Message-ID"] for mail in (first, second, third)]
    assert [mail["Subject"] for mail in (first, second, third)] == ["For Ana", "Re: For Ana", "Re: For Ana"]
    assert [mail["In-Reply-To"] for mail in (first, second, third)] == [None, ids[0], ids[1]]
    assert [mail["References"] for mail in (first, second, third)] == [None, ids[0], f"{ids[0]} {ids[1]}"]
    assert len({mail["From"] for mail in (first, second, third)}) == 1
    assert list(Message.objects.order_by("step__position").values_list("subject", flat=True)) == [
        "For Ana",
        "Re: For Ana",
        "Re: For Ana",
    ]


def test_the_subject_is_the_one_this_person_got_whatever_was_edited_since(now):
    campaign = sequence(now, BODIES["prepared"], wait_amount=1)
    [first] = sent(campaign)
    steps.edit_variant(
        variant=Variant.objects.select_related("step__campaign").get(step__position=1),
        changes={"subject": "Something else"},
        actor=SYSTEM,
    )
    due_again(campaign, now)

    [second] = sent(campaign)

    assert (first["Subject"], second["Subject"]) == ("For Ana", "Re: For Ana")


def test_out_of_the_thread_a_mail_has_its_own_subject_and_begins_another_conversation(now):
    campaign = sequence(now, BODIES["prepared"], BODIES["prepared"])
    Step.objects.filter(position=2).update(in_thread=False)
    Variant.objects.filter(step__position=2).update(subject="Something new")

    first, second, third = sent(campaign)

    assert (second["Subject"], second["In-Reply-To"], second["References"]) == ("Something new", None, None)
    assert (third["Subject"], third["In-Reply-To"]) == ("Re: Something new", second["Message-ID"])
    assert first["Message-ID"] not in third["References"]


def test_an_answer_comes_from_another_sender_when_the_first_is_gone_and_stays_in_the_thread(now):
    campaign = sequence(now, BODIES["prepared"], wait_amount=1)
    [first] = sent(campaign)
    campaign.campaign_senders.all().delete()
    CampaignSenderFactory(campaign=campaign, sender=SenderFactory(organization=campaign.organization))
    due_again(campaign, now)

    [second] = sent(campaign)

    assert (second["References"], second["From"] != first["From"]) == (first["Message-ID"], True)


def test_a_mail_that_was_uncertain_is_answered_as_well(now):
    campaign = sequence(now, BODIES["prepared"], wait_amount=1)
    [first] = sent(campaign)
    Message.objects.update(status=MessageStatus.UNCERTAIN, reason="timeout", sent_at=None)
    Recipient.objects.update(status="paused", next_send_at=None, next_step=campaign.steps.get(position=1))
    treat_as_sent(message=Message.objects.select_related("recipient__campaign").get(), actor=SYSTEM, now=now)
    due_again(campaign, now)

    [second] = sent(campaign)

    assert second["In-Reply-To"] == first["Message-ID"]


def test_a_chunk_asks_for_its_threads_once_and_a_first_mail_never(now):
    campaign = sequence(now, BODIES["prepared"], people=6, wait_amount=1)

    def queries():
        senders = able_senders(campaign, now=now)
        take = {"campaign": campaign, "wordings": Wordings.of(campaign), "senders": list(senders.values())}
        claims = claim(**take, now=now + timedelta(days=9), limit=3)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            batch = prepare(campaign, claims, wordings=Wordings.of(campaign), senders=senders, now=now)
        assert len(batch.prepared) == 3
        return [query["sql"] for query in seen if '"campaign_messages"' in query["sql"]]

    first = queries()
    Recipient.objects.update(status="pending", next_step=campaign.steps.first())
    Message.objects.all().delete()
    send_all(campaign, Road())
    follow_up = queries()

    assert (len(first), len(follow_up)) == (0, 1)


def test_a_mail_sent_before_subjects_were_kept_is_followed_under_the_wordings_own_subject(now):
    campaign = sequence(now, BODIES["prepared"], wait_amount=1)
    Variant.objects.filter(step__position=2).update(subject="My own")
    [first] = sent(campaign)
    Message.objects.update(subject="")
    due_again(campaign, now)

    [second] = sent(campaign)

    assert (second["Subject"], second["In-Reply-To"]) == ("My own", first["Message-ID"])


def test_one_reply_mark_is_enough_and_a_long_subject_stays_within_what_a_header_may_hold():
    assert [reply_subject(one) for one in ("Hi", "Re: Hi", "RE : Hi", "")] == ["Re: Hi", "Re: Hi", "RE : Hi", ""]
    assert len(reply_subject("x" * 2_000)) == 2_000


def test_references_keep_the_first_and_the_latest():
    ids = [f"<{number}@x.example>" for number in range(50)]

    assert references_of(ids) == (ids[0], *ids[-(MOST_REFERENCES - 1) :])
    assert references_of(ids[:3]) == tuple(ids[:3])


def test_a_preview_of_a_follow_up_foresees_its_subject(now):
    campaign = sequence(now, BODIES["prepared"], wait_amount=1)
    variant = Variant.objects.select_related("step__campaign__organization").get(step__position=2)
    stranger = LeadFactory(organization=campaign.organization, first_name="Bea")
    foreseen = preview(variant=variant, lead=stranger).subject
    sent(campaign)
    Message.objects.update(subject="As it was sent")

    seen = preview(variant=variant, lead=Recipient.objects.get().lead).subject

    assert (foreseen, seen) == ("Re: For Bea", "Re: As it was sent")


def test_what_somebody_got_can_be_shown_after_every_edit(now):
    campaign = sequence(now, wait_amount=1)
    link = '<p>Dear {{ first_name }}, <a href="https://x.example/a">here</a></p>'
    Variant.objects.update(body_html=link, body_text="")
    sent(campaign)
    Recipient.objects.get().lead.__class__.objects.update(first_name="Changed")
    steps.edit_variant(
        variant=Variant.objects.select_related("step__campaign").get(),
        changes={"subject": "New", "body_html": "<p>New</p>"},
        actor=SYSTEM,
    )

    shown = content_of(Message.objects.get())

    assert (shown.subject, shown.version) == ("For Ana", 1)
    assert 'Dear Ana, <a href="https://x.example/a">here</a>' in shown.html
    assert campaign.organization.postal_address in shown.html and "/t/" not in shown.html + shown.text
    assert VariantVersion.objects.get().subject == "For {{ first_name }}"


def test_those_who_have_not_had_a_step_get_its_new_wording_and_a_retry_keeps_its_variant(now):
    campaign = sequence(now, people=2)
    variant = Variant.objects.select_related("step__campaign").get()
    other = VariantFactory(step=variant.step, label="B")
    waiting = Recipient.objects.first()
    MessageFactory(
        recipient=waiting, step=variant.step, variant=variant, status="deferred", sent_at=None, reason="deferred"
    )
    steps.edit_variant(variant=variant, changes={"subject": "Newer"}, actor=SYSTEM)
    steps.edit_variant(variant=variant, changes={"is_active": False}, actor=SYSTEM)

    mails = {mail["To"].addresses[0].addr_spec: mail["Subject"] for mail in sent(campaign)}

    assert mails.pop(waiting.email_address) == "Newer"
    assert list(mails.values()) == [other.subject.replace("{{ first_name }}", "Ana")]
    assert list(Message.objects.filter(variant=variant).values_list("step_version", flat=True)) == [2]
    assert set(VariantVersion.objects.values_list("variant", "version")) == {(variant.pk, 2), (other.pk, 1)}


def test_content_that_was_never_made_or_is_cleared_is_not_there(now):
    message = MessageFactory(variant=VariantFactory())

    with pytest.raises(NotFound) as refused:
        content_of(message)

    assert refused.value.code == "content_not_kept"


def test_each_mail_has_a_return_path_of_its_own_where_the_sender_has_a_place_for_it(now):
    campaign = sequence(now, people=2)
    Sender.objects.update(return_path_domain="bounces.fairlead.example")
    road = Road()

    send_all(campaign, road)

    read = {mail.rcpt_to: read_return_path(mail.mail_from) for mail in road.backend.mails}
    assert read == dict(Message.objects.values_list("recipient__email_address", "pk"))
    assert all(mail.mail_from.endswith("@bounces.fairlead.example") for mail in road.backend.mails)
