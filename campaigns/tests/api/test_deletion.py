"""Taking a campaign out whole, by a key."""

import io
import zipfile

import pytest

from campaigns.tests.factories import RecipientFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


def test_an_export_is_streamed_as_an_archive_that_is_named_after_the_campaign():
    client = key_client(Role.MANAGER)
    campaign = RecipientFactory(campaign__organization=client.organization, campaign__campaign_id="autumn").campaign

    answer = client.get(f"/api/v1/campaigns/{campaign.pk}/export")

    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert answer["Content-Disposition"].startswith('attachment; filename="campaign-autumn-')
    assert "people.csv" in archive.namelist()
    assert AuditLog.objects.get(action="campaign.exported").actor_kind == "key"


@pytest.mark.parametrize("accepted", ["application/zip", "application/json", "*/*"])
def test_what_is_refused_is_told_as_a_problem_whatever_was_asked_for(accepted):
    client = key_client(Role.OPERATOR)
    campaign = RecipientFactory(campaign__organization=client.organization).campaign

    forbidden = client.get(f"/api/v1/campaigns/{campaign.pk}/export", HTTP_ACCEPT=accepted)
    missing = key_client(Role.MANAGER).get(f"/api/v1/campaigns/{campaign.pk}/export", HTTP_ACCEPT=accepted)

    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "permission_denied")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert not AuditLog.objects.filter(action="campaign.exported").exists()
