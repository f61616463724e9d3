"""The page on which a campaign is deleted, and that of the job that does it."""

import io
import re
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.deletion import preview
from campaigns.models import Campaign, CampaignTombstone, Job, JobKind
from campaigns.tests.factories import JobFactory, OrganizationFactory, RecipientFactory
from campaigns_project.audit.models import AuditLog
from campaigns_project.states import ProgressStatus
from campaigns_project.tests.admin.browsers import press

LOGIN = 3  # session, user with what says that it is no service account, memberships


@pytest.fixture
def used(campaign: Any) -> Any:
    """A campaign that was started once and is paused now."""
    now = timezone.now()
    Campaign.objects.update(status="paused", started_at=now, paused_at=now, emails_sent=1)
    return Campaign.objects.get()


def page_of(campaign: Any, name: str = "delete") -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk])


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).replace(" ", " ")


def confirmed(campaign: Any, **instead: str) -> dict[str, str]:
    impact = preview(campaign=campaign, now=timezone.now())
    return {"confirm_name": campaign.name, "reason": "It is over.", "token": impact.token, **instead}


def test_the_page_counts_what_goes_and_what_stays_and_changes_nothing(manager: Client, used: Any) -> None:
    total = preview(campaign=used, now=timezone.now()).total

    shown = text_of(manager.get(page_of(used)))

    assert "1 recipient " in shown
    assert "1 lead: people are not deleted" in shown
    assert f"Delete {total} records" in shown
    assert Campaign.objects.get().deleting_at is None


def test_a_confirmed_campaign_is_gone_and_the_page_of_its_job_says_so(manager: Client, used: Any) -> None:
    total = preview(campaign=used, now=timezone.now()).total

    answer = manager.post(page_of(used), confirmed(used), follow=True)

    assert not Campaign.objects.exists()
    assert f"Deleted {total} records of “Autumn”" in text_of(answer)
    assert "verification passed, no row of it is left" in text_of(answer)
    tombstone = CampaignTombstone.objects.get()
    assert (tombstone.reason, sum(tombstone.counts.values())) == ("It is over.", total)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"confirm_name": "autumn"}, "capitals count"),
        ({"confirm_name": ""}, "Type what stands above."),
        ({"reason": " "}, "Say why"),
        ({"token": ""}, "has changed since it was shown"),
    ],
)
def test_what_is_not_confirmed_is_not_deleted_and_what_was_typed_stays(
    manager: Client, used: Any, typed: dict[str, str], said: str
) -> None:
    answer = manager.post(page_of(used), confirmed(used, **typed))

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert ("It is over." in answer.content.decode()) == ("reason" not in typed)
    assert Campaign.objects.get().deleting_at is None


def test_changed_numbers_are_shown_beside_those_that_were_shown_before(manager: Client, used: Any) -> None:
    first = manager.get(page_of(used)).content.decode()
    shown = re.search(r'name="shown" value="([^"]+)"', first)
    assert shown is not None
    typed = confirmed(used, shown=shown[1].replace("&quot;", '"'))
    RecipientFactory(campaign=used)

    again = manager.post(page_of(used), typed)

    assert "2 recipients now (was 1)" in text_of(again)
    assert Campaign.objects.get().deleting_at is None
    assert manager.post(page_of(used), confirmed(used)).status_code == 302


def test_nonsense_in_place_of_the_shown_numbers_is_passed_by(manager: Client, used: Any) -> None:
    for shown in ("{", "[1]", '{"recipients": "<b>"}', "7"):
        answer = manager.post(page_of(used), confirmed(used, token="", shown=shown))

        assert answer.status_code == 200
        assert "(was" not in answer.content.decode()


def test_what_is_in_the_way_is_named_with_the_act_that_ends_it(manager: Client, used: Any) -> None:
    Campaign.objects.update(status="running", paused_at=None)
    JobFactory(campaign=used, status="running")

    shown = manager.get(page_of(used)).content.decode()

    assert "The campaign is running" in shown
    assert reverse("admin:campaigns_campaign_pause", args=[used.pk]) in shown
    assert f"{reverse('admin:campaigns_job_changelist')}?campaign={used.pk}" in shown
    assert "disabled" in shown
    assert "It cannot be deleted now" in manager.post(page_of(used), confirmed(used)).content.decode()
    assert Campaign.objects.get().deleting_at is None


def test_who_deletes_what_was_sent_is_told_that_its_opt_out_links_need_the_leads(manager: Client, used: Any) -> None:
    shown = text_of(manager.get(page_of(used)))

    assert "Opt-out links in the mails it sent go on working while their leads are here." in shown
    assert "stop working" not in shown


def test_a_pause_from_the_page_leads_back_to_it(manager: Client, used: Any) -> None:
    Campaign.objects.update(status="running", paused_at=None)
    opened_on = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page_of(used)}"}

    answer = manager.post(page_of(used, "pause"), {"_form_submitted": "on", "reason": ""}, headers=opened_on)

    assert answer["HX-Redirect"] == page_of(used)


def test_only_a_manager_sees_the_way_to_it(manager: Client, operator: Client, used: Any) -> None:
    assert page_of(used) in manager.get(page_of(used, "change")).content.decode()
    assert page_of(used) not in operator.get(page_of(used, "change")).content.decode()
    assert [operator.get(page_of(used)).status_code, operator.post(page_of(used)).status_code] == [403, 403]
    assert operator.post(page_of(used, "export")).status_code == 403


def test_a_draft_that_was_never_sent_is_deleted_from_a_dialog(manager: Client, campaign: Any) -> None:
    shown = text_of(manager.get(page_of(campaign, "delete_draft")))

    answer = press(manager, page_of(campaign, "delete_draft"))

    assert "It was never sent. With it 1 step and 1 recipient go; leads stay." in shown
    assert answer["HX-Redirect"] == reverse("admin:campaigns_campaign_changelist")
    assert CampaignTombstone.objects.get().name == "Autumn"


def test_what_was_sent_has_no_such_dialog(manager: Client, used: Any) -> None:
    assert page_of(used, "delete_draft") not in manager.get(page_of(used, "change")).content.decode()


def test_everything_is_taken_out_first_by_a_button(manager: Client, used: Any) -> None:
    answer = manager.post(page_of(used, "export"))

    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    assert "people.csv" in archive.namelist()
    assert AuditLog.objects.get(action="campaign.exported").via == "admin"
    assert manager.get(page_of(used, "export")).status_code == 405


def test_the_moving_part_costs_one_query_and_stops_when_it_is_over(manager: Client, used: Any) -> None:
    job = deletion_under_way(used)
    address = reverse("admin:campaigns_job_live", args=[job.pk])

    with CaptureQueriesContext(connection) as queries:
        moving = manager.get(address)
    asked = [query["sql"] for query in queries]
    version = re.search(r"v=(\w+)", moving.content.decode())
    assert version is not None
    still = manager.get(address, {"v": version[1]})
    Job.objects.filter(pk=job.pk).update(status="succeeded", done=9, finished_at=timezone.now())
    ended = manager.get(address, {"v": version[1]})

    assert len(asked) == LOGIN + 1, "\n".join(asked)
    assert "Deleting “Autumn”: 3 of 9 records" in moving.content.decode()
    assert (moving.status_code, still.status_code, ended.status_code) == (200, 204, 286)


def test_what_could_not_be_removed_is_named(manager: Client, used: Any) -> None:
    job = deletion_under_way(used)
    failures = [{"table": "raw_leads", "error": "permission denied"}]
    Job.objects.filter(pk=job.pk).update(
        status="failed", failed=1, result={**job.result, "failures": failures}, finished_at=timezone.now()
    )

    shown = text_of(manager.get(reverse("admin:campaigns_job_change", args=[job.pk])))

    assert "raw_leads: permission denied" in shown
    assert "cleanup_orphans" in shown


def test_a_deletion_reads_well_among_the_jobs(manager: Client, used: Any) -> None:
    deletion_under_way(used)

    shown = text_of(manager.get(reverse("admin:campaigns_job_changelist")))

    assert "Deleting “Autumn”: 3 of 9 records." in shown


def test_one_that_broke_off_says_so_and_that_it_is_tried_again(manager: Client, used: Any) -> None:
    job = deletion_under_way(used)
    Job.objects.filter(pk=job.pk).update(status="stalled", error_message="lock timeout")

    shown = text_of(manager.get(reverse("admin:campaigns_job_change", args=[job.pk])))

    assert "The deletion of “Autumn” stands still after 3 of 9 records, and is tried again by itself" in shown
    assert "lock timeout" in shown


def test_the_address_of_a_campaign_that_goes_or_is_gone_leads_to_its_deletion(manager: Client, used: Any) -> None:
    job = deletion_under_way(used)
    Campaign.objects.update(deleting_at=timezone.now())

    answer = manager.get(page_of(used, "change"))
    unknown = [manager.get(f"/admin/campaigns/campaign/{number}/change/") for number in (used.pk + 1, "9" * 40, "x")]
    Job.objects.filter(pk=job.pk).update(organization_id=OrganizationFactory().pk)
    elsewhere = manager.get(page_of(used, "change"))

    assert answer.headers["Location"] == reverse("admin:campaigns_job_change", args=[job.pk])
    assert [each.status_code for each in (*unknown, elsewhere)] == [404, 404, 404, 404]


def test_a_tombstone_says_who_when_why_and_how_many(manager: Client, used: Any) -> None:
    manager.post(page_of(used), confirmed(used))

    row = text_of(manager.get(reverse("admin:campaigns_campaigntombstone_changelist")))
    page = text_of(manager.get(reverse("admin:campaigns_campaigntombstone_change", args=[used.pk])))

    assert "It is over." in row
    assert "1 recipient " in page
    assert "1 campaign" in page


def deletion_under_way(campaign: Any) -> Job:
    return Job.objects.create(
        organization=campaign.organization,
        kind=JobKind.DELETE,
        subject_ref=campaign.pk,
        status=ProgressStatus.RUNNING,
        total=9,
        done=3,
        result={"subject": {"id": campaign.pk, "slug": campaign.campaign_id, "name": campaign.name}},
        state={"reason": "It is over."},
    )
