"""Enrollments of many batches: what their job says, and who goes on with them."""

from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from campaigns import tasks
from campaigns.enrollment import Selection, asking, enroll
from campaigns.enrollment.enroll import begin_enrollment, go_on
from campaigns.enrollment.finishing import MOST_ATTEMPTS, STALE_AFTER
from campaigns.enrollment.imported import enroll_imported
from campaigns.errors import StateConflict
from campaigns.locks import SOON, AudienceTaken, hold_audience
from campaigns.models import Campaign, Job, Recipient
from campaigns.tests.enrollment.test_imported import imported
from campaigns.tests.factories import CampaignFactory, LeadFactory, SuppressionFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import member, press
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.sessions import beside
from leads.models import LeadImport

pytestmark = pytest.mark.django_db
enrolling = import_module("campaigns.enrollment.enroll")  # the package gives its function the same name
ADA = Actor(kind="user", name="ada@acme.example", id=7, via="api", request_id="r1")
PEOPLE = 5


@pytest.fixture(autouse=True)
def _of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolling, "BATCH", 2)


@pytest.fixture
def draft() -> Campaign:
    """Nobody is in it; of five people one is suppressed."""
    campaign = CampaignFactory()
    LeadFactory.create_batch(PEOPLE - 1, organization=campaign.organization)
    out = LeadFactory(organization=campaign.organization)
    SuppressionFactory(organization=campaign.organization, address=out.email_normalized)
    return campaign


def begun(campaign: Campaign) -> Job:
    return begin_enrollment(campaign=campaign, selection=Selection(everyone=True), actor=ADA, now=timezone.now())


def told(job: Job) -> tuple[Any, ...]:
    job.refresh_from_db()
    return job.status, job.done, job.total, job.result


def free_in(task: str) -> list[timedelta]:
    """How long from now on no worker takes the tasks of this name."""
    return [row.lock - timezone.now() for row in OrmQ.objects.all() if row.task["func"] == task]


def test_the_job_runs_until_the_last_batch_and_says_how_far_it_is(draft):
    job = begun(draft)
    said = [told(job)]
    while go_on(job_id=job.pk, now=timezone.now()):
        said.append(told(job))

    assert said == [
        ("running", 2, 5, {"enrolled": 2, "skipped": {}}),
        ("running", 4, 5, {"enrolled": 4, "skipped": {}}),
    ]
    assert told(job) == ("succeeded", 4, 5, {"enrolled": 4, "skipped": {"suppressed": 1}})
    assert (job.state, job.finished_at is not None) == ({}, True)
    assert {entry.actor_name for entry in AuditLog.objects.filter(action="campaign.enrolled")} == {ADA.name}


def test_the_row_of_the_campaign_is_held_only_when_all_is_looked_up(draft):
    with CaptureQueriesContext(connection) as asked:
        begun(draft)

    order = [query["sql"].split()[:2] for query in asked.captured_queries]
    assert order.index(["SET", "CONSTRAINTS"]) < order.index(["UPDATE", '"campaigns"'])


def test_a_refusal_between_two_batches_stands_on_the_job_with_its_counts(draft, monkeypatch):
    take_in = enrolling.take_in

    def once(**asked: Any) -> Any:
        taken = take_in(**asked)
        Campaign.objects.update(status="stopped", started_at=timezone.now(), completed_at=timezone.now())
        return taken

    monkeypatch.setattr(enrolling, "take_in", once)

    with pytest.raises(StateConflict) as refused:
        enroll(campaign=draft, selection=Selection(everyone=True), actor=ADA, now=timezone.now())

    job = Job.objects.get()
    assert told(job) == ("failed", 2, 5, {"enrolled": 2, "skipped": {}})
    assert job.error_message == str(refused.value)


def test_what_was_cut_off_is_taken_up_by_a_worker_and_once(draft, django_capture_on_commit_callbacks: Any):
    job = begun(draft)
    quiet = tasks.resume_cut_off_enrollments()
    Job.objects.update(heartbeat_at=timezone.now() - STALE_AFTER - timedelta(seconds=1))

    with django_capture_on_commit_callbacks(execute=True):
        taken = [tasks.resume_cut_off_enrollments() for _ in range(2)]
    (queued,) = OrmQ.objects.all()
    tasks.enroll_rest(*queued.task["args"])

    assert (quiet, taken, queued.task["func"]) == (0, [1, 0], "campaigns.tasks.enroll_rest")
    assert told(job) == ("succeeded", 4, 5, {"enrolled": 4, "skipped": {"suppressed": 1}})
    assert draft.recipients.count() == 4


def test_what_breaks_off_says_so_and_is_given_up_in_the_end(draft, monkeypatch):
    job = begun(draft)
    take_in = enrolling.take_in
    monkeypatch.setattr(enrolling, "take_in", lambda **_: 1 / 0)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            tasks.enroll_rest(job.pk)
    broken = (told(job)[0], job.error_message)
    monkeypatch.setattr(enrolling, "take_in", take_in)

    tasks.enroll_rest(job.pk)

    assert (broken[0], broken[1].startswith("It broke off and is tried again.")) == ("stalled", True)
    assert told(job)[:2] == ("failed", 2)
    assert job.error_message.startswith("It broke off 5 times in a row")


def test_two_who_go_on_enroll_a_batch_once(draft):
    job = begun(draft)
    seen = Job.objects.select_related("campaign__organization").get(pk=job.pk)
    go_on(job_id=job.pk, now=timezone.now())

    late = enrolling._next_batch(seen, seen.campaign, timezone.now(), gives_way=False)

    assert (late, told(job)[1]) == (False, 4)


@pytest.mark.django_db(transaction=True)
def test_a_worker_gives_way_to_whoever_enrolls_and_goes_on_soon_after(draft):
    job = begun(draft)
    with transaction.atomic():
        hold_audience(draft.organization_id)
        beside(partial(tasks.enroll_rest, job.pk))
    waits = (told(job)[:2], job.error_message, free_in("campaigns.tasks.enroll_rest"))

    tasks.enroll_rest(job.pk)

    assert waits[:2] == (("queued", 2), str(AudienceTaken()))
    assert [timedelta() < wait <= SOON for wait in waits[2]] == [True]
    assert (told(job)[0], job.error_message) == ("succeeded", "")


@pytest.mark.django_db(transaction=True)
def test_the_people_of_an_import_wait_for_nobody_either_and_its_page_says_what_came_of_all(monkeypatch):
    monkeypatch.setattr(enrolling, "BATCH", 1)
    draft = CampaignFactory()
    done = imported(draft)
    OrmQ.objects.all().delete()
    with transaction.atomic():
        hold_audience(draft.organization_id)
        beside(partial(tasks.enroll_imported, done.pk))
    put_off = (Recipient.objects.count(), free_in("campaigns.tasks.enroll_imported"))

    enroll_imported(lead_import_id=done.pk, now=timezone.now())
    early = LeadImport.objects.get().options.get("enrollment")
    (rest,) = [row for row in OrmQ.objects.all() if row.task["func"] == "campaigns.tasks.enroll_rest"]
    tasks.enroll_rest(*rest.task["args"])

    assert (put_off[0], [timedelta() < wait <= SOON for wait in put_off[1]]) == (0, [True])
    told = LeadImport.objects.get().options["enrollment"]
    assert (early, told) == (None, {"campaign": draft.pk, "enrolled": 3, "skipped": {}})


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if five were many."""
    monkeypatch.setattr(asking, "AT_ONCE", PEOPLE - 1)


def test_whoever_asks_for_many_is_told_of_the_job_and_workers_enroll_them(
    draft, few, django_capture_on_commit_callbacks: Any
):
    client = key_client(organization=draft.organization)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/api/v1/campaigns/{draft.pk}/recipients", {"everyone": True})
    (queued,) = [row for row in OrmQ.objects.all() if row.task["func"] == "campaigns.tasks.enroll_rest"]
    before = (answer.status_code, draft.recipients.count(), answer.json()["status"], answer.json()["result"])

    tasks.enroll_rest(*queued.task["args"])

    job = client.get(answer["Location"]).json()
    assert before == (202, 0, "queued", {"enrolled": 0, "skipped": {}})
    assert (job["status"], job["done"], job["total"]) == ("succeeded", 4, 5)
    assert (job["result"], job["started_at"] is not None) == ({"enrolled": 4, "skipped": {"suppressed": 1}}, True)
    entries = AuditLog.objects.about(draft).order_by("pk").values_list("action", "actor_name")
    whom = entries[0][1]
    assert list(entries) == [("campaign.enrollment_asked", whom), *[("campaign.enrolled", whom)] * 3]


def test_few_of_many_are_enrolled_at_once(draft, few):
    client = key_client(organization=draft.organization)
    some = list(draft.organization.leads.values_list("pk", flat=True)[: PEOPLE - 1])

    answer = client.post(f"/api/v1/campaigns/{draft.pk}/recipients", {"lead_ids": some})

    assert (answer.status_code, answer.json()["job"]["status"]) == (200, "succeeded")


def test_what_cannot_be_is_refused_at_once_however_many_are_meant(draft, few):
    client = key_client(organization=draft.organization)
    address = f"/api/v1/campaigns/{draft.pk}/recipients"
    unknown = client.post(address, {"tag": "nobody's"})
    Campaign.objects.update(status="stopped", started_at=timezone.now(), completed_at=timezone.now())

    ended = client.post(address, {"everyone": True})

    assert [(each.status_code, each.json()["code"]) for each in (unknown, ended)] == [
        (400, "unknown_tag"),
        (409, "state_conflict"),
    ]
    assert not Job.objects.exists()


def test_the_dialog_leads_to_the_job_that_enrolls_many(draft, few):
    operator = member(draft.organization, Role.OPERATOR)

    answer = press(operator, reverse("admin:campaigns_campaign_enroll", args=[draft.pk]), way="everyone")

    page = reverse("admin:campaigns_job_change", args=[Job.objects.get().pk])
    assert answer["HX-Redirect"] == page
    assert "workers enroll them in a while" in operator.get(page).content.decode()
