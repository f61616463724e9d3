from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Recipient
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    JobFactory,
    LeadFactory,
    LeadTagFactory,
    MessageFactory,
    RecipientFactory,
    StepFactory,
    SuppressionFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


def recipients_of(client, **fields):
    campaign = CampaignFactory(organization=client.organization, **fields)
    return campaign, f"/api/v1/campaigns/{campaign.pk}/recipients"


def test_leads_are_enrolled_by_id_and_the_others_counted_by_reason():
    client = key_client(Role.OPERATOR)
    campaign, address = recipients_of(client)
    good, gone = LeadFactory.create_batch(2, organization=client.organization)
    SuppressionFactory(organization=client.organization, address=gone.email_normalized)
    foreign = LeadFactory()

    answer = client.post(address, {"lead_ids": [good.pk, gone.pk, foreign.pk]}).json()

    assert (answer["enrolled"], answer["skipped"]) == (1, {"suppressed": 1, "not_found": 1})
    assert (answer["job"]["status"], answer["job"]["done"], answer["job"]["campaign"]) == ("succeeded", 1, campaign.pk)
    assert list(Recipient.objects.values_list("lead", flat=True)) == [good.pk]


@pytest.mark.parametrize(
    "selection", [{"tag": "VIP"}, {"filter": {"company": "acme"}}, {"everyone": True}, {"filter": {"q": "ana@"}}]
)
def test_leads_are_enrolled_by_tag_filter_or_all(selection):
    client = key_client(Role.OPERATOR)
    _campaign, address = recipients_of(client)
    LeadTagFactory(lead__organization=client.organization, lead__email="ana@acme.example", tag__name="vip")

    assert client.post(address, selection).json()["enrolled"] == 1


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        ({}, "selection_unclear"),
        ({"everyone": False}, "selection_unclear"),
        ({"everyone": True, "tag": "vip"}, "selection_unclear"),
        ({"lead_ids": []}, "invalid"),
        ({"lead_ids": ["x"]}, "invalid"),
        ({"lead_ids": [10**30]}, "invalid"),
        ({"tag": "none"}, "unknown_tag"),
        ({"filter": {"shoe": "39"}}, "unknown_filter"),
        ({"filter": {}}, "empty_filter"),
        ({"filter": {"company": {"a": 1}}}, "invalid"),
        ({"filter": {"company": "a\u0000"}}, "invalid"),
        ({"leads": [1]}, "unknown_parameter"),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(selection, code):
    client = key_client()
    _campaign, address = recipients_of(client)
    LeadFactory(organization=client.organization)

    answer = client.post(address, selection)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Recipient.objects.exists()


def test_an_ended_campaign_takes_nobody_in():
    client = key_client()
    _campaign, address = recipients_of(client, status="stopped")

    assert client.post(address, {"everyone": True}).status_code == 409


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=pending", ["ana"]),
        ("status=replied,stopped", ["bob"]),
        ("exit_reason=replied", ["bob"]),
        ("q=BOB", ["bob"]),
        ("next_send_at__lt=2026-11-21T00:00:00Z", ["ana"]),
        ("lead=1", []),
    ],
)
def test_recipients_are_filtered(query, found):
    client = key_client()
    campaign, address = recipients_of(client)
    RecipientFactory(campaign=campaign, lead__email="ana@acme.example", next_send_at=NOON)
    RecipientFactory(
        campaign=campaign, lead__email="bob@acme.example", status="replied", exit_reason="replied", exited_at=NOON
    )

    recipients = client.get(f"{address}?{query}").json()["results"]

    assert [recipient["email_address"].partition("@")[0] for recipient in recipients] == found


def test_a_recipient_shows_which_step_is_next():
    client = key_client()
    campaign, address = recipients_of(client)
    step = StepFactory(campaign=campaign)
    recipient = RecipientFactory(campaign=campaign, next_step=step, next_send_at=NOON)

    shown = client.get(f"{address}/{recipient.pk}").json()

    assert (shown["next_step"], shown["next_position"], shown["next_send_at"]) == (step.pk, 1, "2026-11-20T12:00:00Z")


def test_a_recipient_due_while_the_window_is_shut_shows_when_it_opens():
    client = key_client()
    campaign = CampaignFactory(organization=client.organization, window_start=time(9), window_end=time(17))
    tonight = (timezone.now() + timedelta(days=2)).replace(hour=22, minute=0, second=0, microsecond=0)
    RecipientFactory(campaign=campaign, next_send_at=tonight)

    (shown,) = client.get(f"/api/v1/campaigns/{campaign.pk}/recipients").json()["results"]

    assert datetime.fromisoformat(shown["next_send_at"]) == tonight + timedelta(hours=11)


def test_a_recipient_is_taken_out_once_and_the_log_says_why():
    client = key_client(Role.OPERATOR)
    campaign, address = recipients_of(client)
    recipient = RecipientFactory(campaign=campaign)

    out = client.post(f"{address}/{recipient.pk}/de-enroll", {"reason": "asked by phone"}).json()
    twice = client.post(f"{address}/{recipient.pk}/de-enroll")

    assert (out["status"], out["exit_reason"]) == ("stopped", "de_enrolled")
    assert (twice.status_code, twice.json()["code"], twice.json()["exit_reason"]) == (409, "already_out", "de_enrolled")
    assert AuditLog.objects.get(action="recipient.de_enrolled").reason == "asked by phone"


def test_a_recipient_is_not_reached_through_another_campaign():
    client = key_client()
    _campaign, address = recipients_of(client)
    recipient = RecipientFactory(campaign__organization=client.organization)

    assert client.get(f"{address}/{recipient.pk}").status_code == 404
    assert client.post(f"{address}/{recipient.pk}/de-enroll").status_code == 404


def test_messages_show_the_ledger_without_the_values_of_the_person():
    client = key_client(Role.VIEWER)
    campaign, _address = recipients_of(client)
    message = MessageFactory(recipient__campaign=campaign, merge_values={"first_name": "Ana"})
    MessageFactory(recipient__campaign=campaign, step=message.step, status="failed", sent_at=None, reason="policy")

    shown = client.get(f"/api/v1/campaigns/{campaign.pk}/messages?status=sent").json()["results"]

    assert [(row["id"], row["position"], row["lead"]) for row in shown] == [(message.pk, 1, message.recipient.lead_id)]
    assert "merge_values" not in shown[0]


def test_jobs_show_for_the_campaign_and_for_the_organization():
    client = key_client(Role.VIEWER)
    campaign, _address = recipients_of(client)
    job = JobFactory(campaign=campaign)
    JobFactory(campaign__organization=client.organization)
    JobFactory()

    of_campaign = client.get(f"/api/v1/campaigns/{campaign.pk}/jobs").json()["results"]
    of_organization = client.get("/api/v1/jobs").json()["results"]
    filtered = client.get(f"/api/v1/jobs?campaign={campaign.pk}&status=queued,running&kind=enroll").json()["results"]

    assert [row["id"] for row in of_campaign] == [job.pk]
    assert len(of_organization) == 2
    assert [row["id"] for row in filtered] == [job.pk]


@pytest.mark.parametrize("what", ["recipients", "messages", "jobs"])
def test_lists_below_a_campaign_take_no_query_per_row(what):
    client = key_client()
    campaign, _address = recipients_of(client)
    step = StepFactory(campaign=campaign)
    more = {
        "recipients": lambda: RecipientFactory(campaign=campaign, next_step=step),
        "messages": lambda: MessageFactory(recipient__campaign=campaign, step=step),
        "jobs": lambda: JobFactory(campaign=campaign),
    }[what]
    more()
    with CaptureQueriesContext(connection) as one:
        client.get(f"/api/v1/campaigns/{campaign.pk}/{what}")
    more()
    more()
    with CaptureQueriesContext(connection) as three:
        client.get(f"/api/v1/campaigns/{campaign.pk}/{what}")

    assert len(one) == len(three)
