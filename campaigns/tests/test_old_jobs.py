"""Old jobs are removed to the second, and never one that may go on: by the use case, the API, the page, the command."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.models import Job
from campaigns.old_jobs import remove_old_jobs
from campaigns.tests.factories import NOON, CampaignFactory, JobFactory, OrganizationFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus
from campaigns_project.tests.admin.browsers import member, press
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db

LONG_AGO = NOON - timedelta(days=4000)
PAGE = "/admin/campaigns/job/remove_old_jobs/"


def ended(finished_at=LONG_AGO, status="succeeded", **more):
    return JobFactory(status=status, kind="enroll", finished_at=finished_at, **more)


def test_only_those_that_ended_before_the_very_second_are_removed():
    cutoff = NOON - timedelta(days=30)
    on_it, after = ended(cutoff), ended(cutoff + timedelta(microseconds=1))
    ended(cutoff - timedelta(microseconds=1))

    removed = remove_old_jobs(jobs=Job.objects.all(), days=30, actor=SYSTEM, now=NOON)

    assert removed == 1
    assert set(Job.objects.all()) == {on_it, after}


def test_every_state_that_has_ended_is_removed_and_no_other():
    for status in ProgressStatus.values:
        is_over = status in ProgressStatus.ended
        JobFactory(kind="enroll", status=status, created_at=LONG_AGO, finished_at=LONG_AGO if is_over else None)

    removed = remove_old_jobs(jobs=Job.objects.all(), days=0, actor=SYSTEM, now=NOON)

    assert removed == 3
    assert set(Job.objects.values_list("status", flat=True)) == {"queued", "running", "stalled"}


def test_each_organization_gets_its_audit_row_with_its_count():
    first, second = OrganizationFactory(), OrganizationFactory()
    for home in (first, first, second):
        ended(organization=home, campaign=None)

    remove_old_jobs(jobs=Job.objects.all(), days=30, actor=SYSTEM, now=NOON)

    told = AuditLog.objects.filter(action="organization.jobs_removed").values_list("organization_ref", "after")
    before = (NOON - timedelta(days=30)).isoformat().replace("+00:00", "Z")
    assert dict(told) == {
        first.pk: {"jobs": 2, "days": 30, "finished_before": before},
        second.pk: {"jobs": 1, "days": 30, "finished_before": before},
    }


def test_the_erasure_of_an_organization_is_removed_like_any_job_and_recorded_as_nobodys():
    JobFactory(campaign=None, organization=None, kind="erase", subject_ref=7, status="succeeded", finished_at=LONG_AGO)
    ended()

    removed = remove_old_jobs(jobs=Job.objects.living(), days=30, actor=SYSTEM, now=NOON)

    assert (removed, Job.objects.count()) == (2, 0)
    told = AuditLog.objects.get(action="job.jobs_removed")
    assert (told.organization_ref, told.entity_type, told.after["jobs"]) == (None, "job", 1)


@pytest.mark.parametrize("days", [-1, 36_501])
def test_a_number_that_is_none_of_days_is_refused(days):
    with pytest.raises(Refused) as refused:
        remove_old_jobs(jobs=Job.objects.all(), days=days, actor=SYSTEM, now=NOON)

    assert refused.value.code == "bad_days"


def test_the_api_removes_those_of_its_campaign():
    campaign = CampaignFactory()
    other = ended(campaign=CampaignFactory(organization=campaign.organization))
    ended(campaign=campaign)
    client = key_client(Role.MANAGER, campaign.organization)

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/cleanup", {"days": 30})

    assert (answer.status_code, answer.json()["removed"]) == (200, 1)
    assert list(Job.objects.all()) == [other]
    assert AuditLog.objects.get(action="campaign.jobs_removed").entity_id == str(campaign.pk)


@pytest.mark.parametrize("body", [{}, {"days": -1}, {"days": "soon"}, {"days": 30, "all": True}])
def test_the_api_refuses_what_is_no_number_of_days(body):
    campaign = CampaignFactory()
    ended(campaign=campaign)

    answer = key_client(Role.MANAGER, campaign.organization).post(f"/api/v1/campaigns/{campaign.pk}/cleanup", body)

    assert (answer.status_code, Job.objects.count()) == (400, 1)


def test_the_page_removes_those_of_organizations_where_one_is_a_manager():
    job, theirs = ended(), ended()
    client = member(job.organization, Role.MANAGER)

    press(client, PAGE, days="30")

    assert list(Job.objects.all()) == [theirs]


def test_the_page_removes_those_of_one_campaign_and_takes_no_other_organizations():
    job, theirs = ended(), ended()
    other = ended(campaign=CampaignFactory(organization=job.organization))
    client = member(job.organization, Role.MANAGER)

    press(client, PAGE, days="30", campaign=theirs.campaign_id)
    assert Job.objects.count() == 3
    press(client, PAGE, days="30", campaign=job.campaign_id)

    assert set(Job.objects.all()) == {other, theirs}


def test_an_operator_is_not_offered_it():
    job = ended()
    client = member(job.organization, Role.OPERATOR)

    assert b"Remove old jobs" not in client.get("/admin/campaigns/job/").content
    assert press(client, PAGE, days="0").status_code == 403
    assert Job.objects.count() == 1


def test_the_dialog_opened_on_a_campaigns_jobs_has_it_chosen():
    job = ended()
    client = member(job.organization, Role.MANAGER)
    page = f"http://testserver/admin/campaigns/job/?campaign={job.campaign_id}"

    dialog = client.get(PAGE, headers={"HX-Request": "true", "HX-Current-URL": page}).content.decode()

    assert f'<option value="{job.campaign_id}" selected' in dialog


def test_the_command_counts_first_and_removes_when_confirmed(capsys):
    ended(timezone.now() - timedelta(days=31))
    recent = ended(timezone.now() - timedelta(days=29))

    call_command("cleanup_jobs", days=30, dry_run=True)
    with pytest.raises(CommandError) as unconfirmed:
        call_command("cleanup_jobs", days=30)
    call_command("cleanup_jobs", days=30, yes=True)

    said = "1 job that ended more than 30 days ago"
    assert capsys.readouterr().out.splitlines() == [f"{said} would be removed.", f"{said} removed."]
    assert unconfirmed.value.returncode == 7
    assert list(Job.objects.all()) == [recent]


def test_the_command_as_json_for_one_campaign(capsys):
    job, other = ended(), ended()

    call_command("cleanup_jobs", campaign=str(job.campaign_id), days=0, yes=True, json=True)

    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["removed"], told["dry_run"]) == ("fairlead.cleanup_jobs/1", 1, False)
    assert list(Job.objects.all()) == [other]


@pytest.mark.parametrize(("options", "code"), [({"days": -1}, 2), ({"days": 1, "campaign": "nowhere"}, 3)])
def test_the_command_ends_with_the_code_that_fits(options, code):
    with pytest.raises(CommandError) as failed:
        call_command("cleanup_jobs", **options)

    assert failed.value.returncode == code
