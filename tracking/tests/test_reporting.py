"""What others heard of a mail: it has the consequences it would have had we heard it ourselves."""

from datetime import timedelta

import pytest

from campaigns.models import Campaign, Message, Recipient
from campaigns.tests.factories import NOON, MessageFactory, RecipientFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused
from leads.models import Suppression
from tracking.bounce_kind import BounceKind
from tracking.models import EmailEvent, EventType
from tracking.reporting import report
from tracking.sources import Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def message():
    return MessageFactory(status="sent", sent_at=NOON, attempted_at=NOON, recipient__status="sent")


def tell(about, event_type=EventType.REPLY, *, at=NOON, **given):
    recipient = about.recipient if isinstance(about, Message) else about
    message = about if isinstance(about, Message) else None
    given = {"actor": SYSTEM, "now": NOON + timedelta(hours=1), "source": Source.API, "message": message, **given}
    return report(recipient=recipient, event_type=event_type, at=at, **given)


def test_who_replied_is_out_and_counted_and_it_is_known_who_told(message):
    told = tell(message)

    recipient = Recipient.objects.get()
    assert (recipient.exit_reason, recipient.replied_at) == ("replied", NOON)
    assert Campaign.objects.get().emails_replied == 1
    assert (told.is_new, told.event.message, told.event.source) == (True, message, "api.events")
    entry = AuditLog.objects.get(action="recipient.event_reported")
    assert (entry.entity_id, entry.after["event_type"]) == (str(recipient.pk), "reply")


def test_a_campaign_that_goes_on_after_a_reply_goes_on(message):
    Campaign.objects.update(stop_on_reply=False)

    tell(message)

    assert Recipient.objects.get().status == "sent"
    assert Campaign.objects.get().emails_replied == 1


def test_without_a_message_it_is_about_the_last_mail(message):
    later = NOON + timedelta(minutes=5)
    second = MessageFactory(recipient=message.recipient, status="sent", sent_at=later, attempted_at=later)

    assert tell(message.recipient, at=later).event.message == second


def test_the_same_told_again_under_its_id_happens_once_and_other_organizations_have_ids_of_their_own(message):
    other = MessageFactory(status="sent", sent_at=NOON, attempted_at=NOON)

    answers = [tell(message, source_event_id="7"), tell(message, source_event_id="7"), tell(other, source_event_id="7")]

    assert [answer.is_new for answer in answers] == [True, False, True]
    assert answers[0].event == answers[1].event
    assert (EmailEvent.objects.count(), AuditLog.objects.count()) == (2, 2)


@pytest.mark.parametrize(("kind", "suppressed"), [(BounceKind.HARD, 1), (BounceKind.SOFT, 0), (BounceKind.SENDER, 0)])
def test_only_a_hard_bounce_kills_the_address(message, kind, suppressed):
    tell(message, EventType.BOUNCE, kind=kind)

    assert Suppression.objects.count() == suppressed
    assert EmailEvent.objects.get().event_data == {"kind": kind}


def test_a_complaint_is_for_good_and_everywhere(message):
    tell(message, EventType.COMPLAIN)

    assert (Recipient.objects.get().exit_reason, Suppression.objects.get().reason) == ("complained", "complaint")


def test_a_mail_of_which_somebody_heard_was_sent(message):
    Message.objects.update(status="uncertain", reason="timeout", sent_at=None)

    tell(Message.objects.select_related("recipient__campaign__organization").get())

    assert Message.objects.get().status == "sent"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"event_type": EventType.BOUNCE}, "bounce_kind"),
        ({"event_type": EventType.REPLY, "kind": BounceKind.HARD}, "bounce_kind"),
        ({"at": NOON + timedelta(hours=2)}, "happened_later"),
        ({"at": NOON - timedelta(hours=2)}, "happened_before"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_happens(message, given, code):
    with pytest.raises(Refused) as refused:
        tell(message, **given)

    assert (refused.value.code, EmailEvent.objects.count()) == (code, 0)
    assert Recipient.objects.get().exit_reason == ""


def test_who_got_no_mail_cannot_have_answered_one():
    with pytest.raises(Refused) as refused:
        tell(RecipientFactory())

    assert refused.value.code == "nothing_sent"
