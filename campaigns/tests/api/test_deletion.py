"""The end of a campaign, by a key: taken out whole, counted, deleted."""

import io
import zipfile
from urllib.parse import urlencode

import pytest

from campaigns.deletion import request as request_deletion_module
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory, RecipientFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


def test_an_export_is_streamed_as_an_archive_that_is_named_after_the_campaign():
    client = key_client(Role.MANAGER)
    campaign = RecipientFactory(campaign__organization=client.organization, campaign__campaign_id="autumn").campaign

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/export")

    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert answer["Content-Disposition"].startswith('attachment; filename="campaign-autumn-')
    assert "people.csv" in archive.namelist()
    assert AuditLog.objects.get(action="campaign.exported").actor_kind == "key"


@pytest.mark.parametrize("accepted", ["application/zip", "application/json", "*/*"])
def test_what_is_refused_is_told_as_a_problem_whatever_was_asked_for(accepted):
    client = key_client(Role.OPERATOR)
    campaign = RecipientFactory(campaign__organization=client.organization).campaign

    forbidden = client.post(f"/api/v1/campaigns/{campaign.pk}/export", HTTP_ACCEPT=accepted)
    missing = key_client(Role.MANAGER).post(f"/api/v1/campaigns/{campaign.pk}/export", HTTP_ACCEPT=accepted)

    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "permission_denied")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert not AuditLog.objects.filter(action="campaign.exported").exists()


def test_asking_for_an_export_by_get_writes_nothing():
    client = key_client(Role.MANAGER)
    campaign = RecipientFactory(campaign__organization=client.organization).campaign

    answer = client.get(f"/api/v1/campaigns/{campaign.pk}/export")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert not AuditLog.objects.filter(action="campaign.exported").exists()


def asked_for(client, campaign):
    """A confirmation of what is there now."""
    token = client.get(f"/api/v1/campaigns/{campaign.pk}/deletion").json()["token"]
    return {"confirm_name": campaign.name, "token": token, "reason": "It is over."}


def test_what_a_deletion_would_do_is_counted_and_nothing_is_changed():
    client = key_client(Role.MANAGER)
    campaign = RecipientFactory(campaign__organization=client.organization).campaign

    answer = client.get(f"/api/v1/campaigns/{campaign.pk}/deletion").json()

    assert (answer["removed"]["recipients"], answer["stays"]["leads"], answer["blockers"]) == (1, 1, [])
    assert answer["total"] == sum(answer["removed"].values())
    assert Campaign.objects.get().deleting_at is None


def test_a_small_campaign_is_gone_with_the_answer():
    client = key_client(Role.MANAGER)
    campaign = RecipientFactory(campaign__organization=client.organization).campaign

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/deletion", asked_for(client, campaign))

    job = answer.json()
    assert (answer.status_code, answer["Location"]) == (200, f"/api/v1/jobs/{job['id']}")
    assert (job["kind"], job["status"], job["campaign"]) == ("delete", "succeeded", None)
    assert job["result"]["removed"]["recipients"] == 1
    assert not Campaign.objects.exists()
    assert client.get(answer["Location"]).json() == job


def test_a_large_campaign_is_deleted_by_a_job_and_shows_nowhere_from_then_on(monkeypatch):
    monkeypatch.setattr(request_deletion_module, "SMALL", 0)
    client = key_client(Role.MANAGER)
    campaign = RecipientFactory(campaign__organization=client.organization).campaign

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/deletion", asked_for(client, campaign))

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert client.get(answer["Location"]).json()["total"] == 2
    assert client.get("/api/v1/campaigns").json()["results"] == []
    assert client.get(f"/api/v1/campaigns/{campaign.pk}").status_code == 404
    again = client.delete(f"/api/v1/campaigns/{campaign.pk}?confirm_name=x&token=x&reason=x").json()
    assert (again["code"], again["job"]) == ("already_deleting", answer.json()["id"])


def test_a_plain_delete_deletes_nothing_and_says_what_to_send():
    client = key_client(Role.MANAGER)
    campaign = RecipientFactory(campaign__organization=client.organization).campaign

    refused = client.delete(f"/api/v1/campaigns/{campaign.pk}")
    told = {"confirm_name": campaign.name, "token": refused.json()["token"], "reason": "It is over."}
    done = client.delete(f"/api/v1/campaigns/{campaign.pk}?{urlencode(told)}")

    assert (refused.status_code, refused.json()["code"]) == (409, "deletion_not_confirmed")
    assert refused.json()["removed"]["recipients"] == 1
    assert "confirm_name" in refused.json()["hint"]
    assert (done.status_code, Campaign.objects.exists()) == (200, False)


@pytest.mark.parametrize(
    ("instead", "status", "code"),
    [
        ({"confirm_name": "other"}, 400, "wrong_name"),
        ({"token": "other"}, 409, "stale_preview"),
        ({"reason": ""}, 400, "invalid"),
        ({"confirmed": True}, 400, "unknown_parameter"),
    ],
)
def test_what_is_not_confirmed_is_refused_with_its_own_code(instead, status, code):
    client = key_client(Role.MANAGER)
    campaign = RecipientFactory(campaign__organization=client.organization).campaign

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/deletion", {**asked_for(client, campaign), **instead})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Campaign.objects.get().deleting_at is None


def test_a_running_campaign_is_refused_with_what_has_to_end_before():
    client = key_client(Role.MANAGER)
    campaign = CampaignFactory(organization=client.organization, running=True)

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/deletion", asked_for(client, campaign))

    assert (answer.status_code, answer.json()["code"]) == (409, "deletion_blocked")
    assert [blocker["code"] for blocker in answer.json()["blockers"]] == ["running"]


def test_an_operator_neither_counts_nor_deletes():
    client = key_client(Role.OPERATOR)
    campaign = CampaignFactory(organization=client.organization)
    address = f"/api/v1/campaigns/{campaign.pk}"

    answers = [client.get(f"{address}/deletion"), client.post(f"{address}/deletion"), client.delete(address)]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
