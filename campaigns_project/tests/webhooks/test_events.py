"""What is told: where each state moves, with what the documents say, and at no cost where nobody listens."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.deletion import preview
from campaigns.deletion.request import request_deletion
from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Kind, Refused, Stage
from campaigns.enrollment.stop import de_enroll, stop_recipients
from campaigns.lifecycle import complete_finished, pause, pause_by_system, resume, stop
from campaigns.lifecycle.transitions import move_by_system
from campaigns.models import Campaign, CampaignStatus, ExitReason, Message, Recipient
from campaigns.persons.erase import erase_person
from campaigns.senders import pause_sender, resume_sender
from campaigns.sending.withdraw import withdraw
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    LeadFactory,
    OrganizationFactory,
    RecipientFactory,
    SenderFactory,
    SuppressionFactory,
    WebhookEndpointFactory,
)
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.webhooks.endpoints import send_test
from campaigns_project.webhooks.events import EventType
from campaigns_project.webhooks.examples import EXAMPLES
from campaigns_project.webhooks.models import WebhookDelivery, WebhookEndpoint
from leads.imports.ending import end_import
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.models import ImportStatus, SuppressionReason
from leads.suppression import suppress, suppress_many, unsuppress
from tracking.consequences import record_event, unsubscribe
from tracking.models import EventType as NewsType

pytestmark = pytest.mark.django_db

DEAD = Refused(550, "550 5.1.1 unknown user", Stage.RCPT, Kind.ADDRESS_DEAD)


NEWS = {NewsType.REPLY: {"text": "s3cret"}, NewsType.BOUNCE: {"kind": "soft"}, NewsType.COMPLAIN: {}}


def told(event_type: EventType) -> list[dict[str, Any]]:
    deliveries = WebhookDelivery.objects.filter(event_type=event_type).order_by("pk")
    return list(deliveries.values_list("payload", flat=True))


def everything_of_campaigns(home: Any) -> None:
    """Two campaigns through all that can happen to them and their people, each thing once."""
    now = timezone.now()
    campaign = started_campaign(now=now, people=1, organization=home)
    pause(campaign=campaign, actor=SYSTEM, now=now, reason="asked for")
    resume(campaign=campaign, actor=SYSTEM, now=now)
    send_all(campaign, Road())
    recipient = Recipient.objects.get(campaign=campaign)
    message = Message.objects.get(recipient=recipient)
    for news, data in (
        (NewsType.REPLY, {"text": "s3cret"}),
        (NewsType.BOUNCE, {"kind": "soft"}),
        (NewsType.COMPLAIN, {}),
    ):
        for _ in range(2):
            told_by = {"source": "api.events", "source_event_id": news}
            record_event(recipient=recipient, event_type=news, at=NOON, data=data, **told_by)
    for _ in range(2):
        unsubscribe(message_id=message.pk, source="track.one_click", now=NOON)
    complete_finished(now=now)
    token = preview(campaign=campaign, now=NOON).token
    given = {"confirm_name": campaign.name, "token": token, "reason": "over", "by_worker": False}
    request_deletion(campaign=campaign, **given, actor=SYSTEM, now=NOON)

    other = started_campaign(now=now, people=1, organization=home)
    stop(campaign=other, actor=SYSTEM, now=now)
    Campaign.objects.filter(pk=other.pk).update(status="running")
    more = {"message": "Nobody.", "error": "", "now": NOON, "failed_at": NOON}
    move_by_system(Campaign.objects.filter(pk=other.pk), to=CampaignStatus.FAILED, code="nobody_found", **more)


def _sender(verb: Callable[..., Any], **fields: Any) -> Callable[[Any], None]:
    return lambda home: verb(sender=SenderFactory(organization=home, **fields), actor=SYSTEM)


def _suppressed(home: Any) -> None:
    for _ in range(2):
        suppress(organization=home, address="ana@acme.example", reason=SuppressionReason.MANUAL, source="admin")


def _suppressed_many(home: Any) -> None:
    texts, more = ["a@acme.example", "b@acme.example", "a@acme.example"], {"source": "file", "actor": SYSTEM}
    suppress_many(organization=home, texts=texts, reason=SuppressionReason.MANUAL, at=NOON, **more)


def _unsuppressed(home: Any) -> None:
    unsuppress(suppression=SuppressionFactory(organization=home), actor=SYSTEM, reason="asked for")


def _imported(home: Any) -> None:
    stream, more = BytesIO(b"email\nn@acme.example\n"), {"actor": SYSTEM, "now": timezone.now()}
    one = receive(organization=home, stream=stream, file_name="n.csv", options=ImportOptions(), **more)
    end_import(one.pk, status=ImportStatus.FAILED, error_message="n@acme.example")


def _tested(home: Any) -> None:
    send_test(endpoint=WebhookEndpoint.objects.get(organization=home), actor=SYSTEM, now=NOON)


def _erased(home: Any) -> None:
    lead = LeadFactory(organization=home)
    erase_person(lead=lead, confirm_name=lead.email, reason="asked for", actor=SYSTEM, now=NOON)
    assert lead.email not in str(list(WebhookDelivery.objects.values_list("payload", flat=True)))


OTHERS = [
    (EventType.LEAD_ERASED, _erased),
    (EventType.SUPPRESSION_CREATED, _suppressed),
    (EventType.SUPPRESSION_CREATED, _suppressed_many),
    (EventType.SUPPRESSION_REMOVED, _unsuppressed),
    (EventType.SENDER_PAUSED, _sender(pause_sender)),
    (EventType.SENDER_PAUSED, lambda home: withdraw(sender_id=SenderFactory(organization=home).pk, why="refused")),
    (EventType.SENDER_RESUMED, _sender(resume_sender, status="paused")),
    (EventType.IMPORT_FINISHED, _imported),
    (EventType.TEST, _tested),
]
OF_CAMPAIGNS = {
    EventType.CAMPAIGN_STARTED: 2,
    EventType.CAMPAIGN_PAUSED: 1,
    EventType.CAMPAIGN_RESUMED: 1,
    EventType.CAMPAIGN_COMPLETED: 1,
    EventType.CAMPAIGN_STOPPED: 1,
    EventType.CAMPAIGN_FAILED: 1,
    EventType.CAMPAIGN_DELETED: 1,
    EventType.RECIPIENT_REPLIED: 1,
    EventType.RECIPIENT_BOUNCED: 1,
    EventType.RECIPIENT_UNSUBSCRIBED: 1,
    EventType.RECIPIENT_COMPLAINED: 1,
    EventType.RECIPIENT_EXITED: 1,
    EventType.MESSAGE_SENT: 1,
}


def test_every_type_is_tried_here_and_has_an_example() -> None:
    assert {*OF_CAMPAIGNS, *(event_type for event_type, _ in OTHERS)} == set(EventType) == set(EXAMPLES)


def test_what_happens_to_campaigns_and_their_people_is_told_as_the_examples_say() -> None:
    home = OrganizationFactory()
    WebhookEndpointFactory(organization=home, event_types=list(OF_CAMPAIGNS))

    everything_of_campaigns(home)

    assert {event_type: len(told(event_type)) for event_type in OF_CAMPAIGNS} == OF_CAMPAIGNS
    for event_type in OF_CAMPAIGNS:
        assert _shape(told(event_type)[0]) == _shape(EXAMPLES[event_type]), event_type
    # What a mail said is nobody's outside.
    assert "s3cret" not in str(list(WebhookDelivery.objects.values_list("payload", flat=True)))


@pytest.mark.parametrize(("event_type", "act"), OTHERS)
def test_other_things_are_told_once_as_the_examples_say(event_type: EventType, act: Callable[..., Any]) -> None:
    home = OrganizationFactory()
    WebhookEndpointFactory(organization=home, event_types=[event_type] if event_type != EventType.TEST else [])

    act(home)

    (data,) = told(event_type)
    assert _shape(data) == _shape(EXAMPLES[event_type])


def test_an_address_that_the_server_calls_dead_is_a_bounce_and_an_exit() -> None:
    home = OrganizationFactory()
    WebhookEndpointFactory(organization=home)

    send_all(started_campaign(now=timezone.now(), people=1, organization=home), Road(MemoryBackend(answer=DEAD)))

    (bounced,), (left,) = told(EventType.RECIPIENT_BOUNCED), told(EventType.RECIPIENT_EXITED)
    (suppressed,) = told(EventType.SUPPRESSION_CREATED)
    assert (bounced["kind"], left["exit_reason"]) == ("hard", "hard_bounce")
    assert suppressed["addresses"] == [bounced["email"]]


def _shape(data: Any) -> Any:
    return {name: _shape(value) for name, value in data.items()} if isinstance(data, dict) else None


def test_who_had_every_mail_left_and_who_was_taken_out_too_with_the_reason() -> None:
    home = OrganizationFactory()
    WebhookEndpointFactory(organization=home)
    campaign = started_campaign(now=timezone.now(), people=3, organization=home)
    first = Recipient.objects.filter(campaign=campaign).earliest("pk")
    de_enroll(recipient=first, actor=SYSTEM, now=NOON)

    send_all(campaign, Road())

    left = told(EventType.RECIPIENT_EXITED)
    assert [data["exit_reason"] for data in left] == ["de_enrolled", "completed", "completed"]
    assert (left[0]["recipient_id"], left[0]["email"]) == (first.pk, first.email_address)
    assert told(EventType.MESSAGE_SENT) == []


def test_of_a_list_whose_rows_say_what_led_to_them_each_address_is_told_with_its_own() -> None:
    home = OrganizationFactory()
    WebhookEndpointFactory(organization=home)
    given = {"reason": SuppressionReason.MANUAL, "source": "crm", "sources": ["call", "", "call"], "at": NOON}

    suppress_many(organization=home, texts=["a.example", "b.example", "c.example"], actor=SYSTEM, **given)

    told = WebhookDelivery.objects.values_list("payload__source", "payload__addresses")
    assert sorted(told) == [("call", ["a.example", "c.example"]), ("crm", ["b.example"])]


def test_the_system_says_why_it_paused() -> None:
    home = OrganizationFactory()
    WebhookEndpointFactory(organization=home)
    pause_by_system(
        campaign_id=CampaignFactory(organization=home, running=True).pk, code="no_sender", message="None.", now=NOON
    )

    (data,) = told(EventType.CAMPAIGN_PAUSED)
    assert (data["code"], data["reason"]) == ("no_sender", "None.")


def test_sending_costs_no_statement_where_nobody_listens() -> None:
    """Each emit writes into the deliveries' table, heard or not: no statement names it, so there is none more."""
    campaign = started_campaign(now=timezone.now(), people=5, steps=2)
    WebhookEndpointFactory()  # of somebody else
    WebhookEndpointFactory(organization=campaign.organization, status="disabled", disabled_at=NOON, status_reason="x")
    with CaptureQueriesContext(connection) as done:
        send_all(campaign, Road())

    asked = [query["sql"] for query in done if "webhook_endpoints" in query["sql"]]
    assert Recipient.objects.filter(campaign=campaign, status="completed").count() == 5
    assert [query["sql"] for query in done if "webhook_deliveries" in query["sql"]] == []
    assert {sql.split()[0] for sql in asked} == {"WITH"}  # the statement that moves recipients on, as ever


def test_leaving_costs_no_statement_where_nobody_listens() -> None:
    recipient = RecipientFactory()

    with CaptureQueriesContext(connection) as done:
        assert stop_recipients([recipient.pk], reason=ExitReason.FAILED, at=NOON) == 1

    assert [query["sql"] for query in done if "webhook_deliveries" in query["sql"]] == []


def test_a_mail_is_told_in_the_transaction_in_which_it_is_recorded_and_only_its_own() -> None:
    home = OrganizationFactory()
    WebhookEndpointFactory(organization=home, event_types=["message.sent"])
    campaign = started_campaign(now=timezone.now(), people=2, steps=2, organization=home)

    send_all(campaign, Road())

    mails = Message.objects.filter(recipient__campaign=campaign).order_by("pk")
    assert sorted(data["message_id"] for data in told(EventType.MESSAGE_SENT)) == [mail.pk for mail in mails]
    assert [data["step"] for data in told(EventType.MESSAGE_SENT)].count(2) == 2
