import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.tests.factories import CampaignFactory, EventFactory, MessageFactory
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
