import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Recipient
from campaigns.tests.factories import NOON, CampaignFactory, EventFactory, MessageFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


def sent_message(client):
    return MessageFactory(recipient__campaign__organization=client.organization)


def test_an_event_names_its_message_recipient_lead_and_campaign():
    client = key_client(Role.VIEWER)
    message = sent_message(client)
    event = EventFactory(message=message, event_type="click", event_data={"url": "https://acme.example/"})

    shown = client.get(f"/api/v1/events/{event.pk}").json()

    assert (
        shown
        | {
            "event_type": "click",
            "message": message.pk,
            "recipient": message.recipient_id,
            "lead": message.recipient.lead_id,
            "campaign": message.recipient.campaign_id,
            "event_data": {"url": "https://acme.example/"},
        }
        == shown
    )


def test_events_show_for_the_campaign_and_for_the_organization():
    client = key_client(Role.VIEWER)
    here = EventFactory(message=sent_message(client))
    EventFactory(message=sent_message(client))
    EventFactory()
    campaign = here.campaign_recipient.campaign

    assert [row["id"] for row in client.get(f"/api/v1/campaigns/{campaign.pk}/events").json()["results"]] == [here.pk]
    assert len(client.get("/api/v1/events").json()["results"]) == 2
    assert [row["id"] for row in client.get(f"/api/v1/events?campaign={campaign.pk}").json()["results"]] == [here.pk]


@pytest.mark.parametrize(
    ("query", "number"),
    [("event_type=open,click", 2), ("event_type=reply", 0), ("is_machine=true", 1), ("is_machine=false", 1)],
)
def test_events_are_filtered(query, number):
    client = key_client()
    message = sent_message(client)
    EventFactory(message=message)
    EventFactory(message=message, event_type="click", is_machine=True, machine_reason="crawler")

    assert len(client.get(f"/api/v1/events?{query}").json()["results"]) == number


def test_analytics_has_every_figure_with_what_it_is_a_part_of():
    client = key_client(Role.VIEWER)
    message = sent_message(client)
    EventFactory(message=message)

    figures = client.get(f"/api/v1/campaigns/{message.recipient.campaign.campaign_id}/analytics").json()

    assert figures["people"]["opened"] == {"count": 0, "of": 0, "rate": None}
    assert figures["events"]["open"] == {"human": 1, "machine": 0}
    assert figures["steps"][0]["opened"] == {"count": 1, "of": 1, "rate": 1.0}
    assert len(figures["days"]) == 30


def test_analytics_of_an_empty_campaign_is_all_dashes_and_no_error():
    client = key_client()
    campaign = CampaignFactory(organization=client.organization)

    figures = client.get(f"/api/v1/campaigns/{campaign.pk}/analytics").json()

    assert (figures["steps"], figures["people"]["clicked"]["rate"]) == ([], None)


@pytest.mark.parametrize("address", ["/api/v1/events", "/api/v1/campaigns/{campaign}/events"])
def test_events_take_no_query_per_row(address):
    client = key_client()
    message = sent_message(client)
    path = address.format(campaign=message.recipient.campaign_id)
    EventFactory(message=message)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    EventFactory.create_batch(2, message=message)
    with CaptureQueriesContext(connection) as three:
        client.get(path)

    assert len(one) == len(three)


def told(client, **body):
    return client.post("/api/v1/events", {"event_type": "reply", **body})


def answered_mail(client):
    return MessageFactory(
        recipient__campaign__organization=client.organization, status="sent", sent_at=NOON, attempted_at=NOON
    )


@pytest.mark.parametrize("brackets", ["<>", ""])
def test_a_reply_is_told_by_the_message_id_that_it_quotes(brackets):
    client = key_client(Role.OPERATOR)
    message = answered_mail(client)
    quoted = message.message_id if brackets else message.message_id.strip("<>")

    first = told(client, message_id=quoted, source_event_id="imap-7")
    again = told(client, message_id=quoted, source_event_id="imap-7")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first["Location"] == f"/api/v1/events/{first.json()['id']}"
    assert (first.json()["message"], first.json()["recipient"]) == (message.pk, message.recipient_id)
    assert Recipient.objects.get().exit_reason == "replied"


@pytest.mark.parametrize("by", ["recipient", "message", "message_id"])
def test_nothing_is_told_about_mails_of_another_organization(by):
    client = key_client(Role.OPERATOR)
    theirs = MessageFactory(status="sent", sent_at=NOON, attempted_at=NOON)
    about = {"recipient": theirs.recipient_id, "message": theirs.pk, "message_id": theirs.message_id}

    answer = told(client, **{by: about[by]})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{by}")
    assert Recipient.objects.get().exit_reason == ""


@pytest.mark.parametrize(
    "body", [{}, {"recipient": 1, "message": 1}, {"event_type": "open", "recipient": 1}, {"event_type": "bounce"}]
)
def test_what_does_not_say_what_happened_to_which_mail_is_refused(body):
    client = key_client(Role.OPERATOR)
    message = answered_mail(client)
    own = {"recipient": message.recipient_id, "message": message.pk}
    named = {name: own.get(name, value) for name, value in body.items()}

    assert told(client, **named).status_code == 400


def test_a_viewer_tells_nothing():
    client = key_client(Role.VIEWER)

    assert told(client, message=answered_mail(client).pk).status_code == 403
