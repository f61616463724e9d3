"""A campaign is deleted with everything that hangs on it, and nothing else."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from campaigns import deletion, task_names
from campaigns.deletion import request
from campaigns.models import Campaign, CampaignTombstone, Job, Recipient
from campaigns.tests.deletion.full import ANA, ROWS, confirmed, full_campaign
from campaigns.tests.factories import JobFactory, MessageFactory, RecipientFactory, SuppressionFactory
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, Refused
from leads.models import Lead, RawLead, StagedLead, Suppression

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def test_the_preview_counts_everything_directly_and_through_others(now):
    campaign, _other = full_campaign(), full_campaign()
    SuppressionFactory(organization=campaign.organization, source=f"campaign {campaign.pk}")

    impact = deletion.preview(campaign=campaign, now=now)

    assert impact.removed == ROWS
    assert impact.total == sum(ROWS.values())
    assert impact.stays == {"leads": 2, "suppressions": 1, "audit_entries": 0}
    assert (impact.blockers, impact.missing, impact.counted_at) == ([], [], now)


def test_the_token_stands_for_the_numbers_and_the_campaign(now):
    campaign, other = full_campaign(), full_campaign()

    first = deletion.preview(campaign=campaign, now=now)
    again = deletion.preview(campaign=campaign, now=now + timedelta(hours=1))
    of_the_other = deletion.preview(campaign=other, now=now)
    RecipientFactory(campaign=campaign)

    assert first.removed == of_the_other.removed
    assert first.token == again.token
    assert len({first.token, of_the_other.token, deletion.preview(campaign=campaign, now=now).token}) == 3


def test_a_small_campaign_is_gone_when_the_request_returns(now):
    campaign, other = full_campaign(), full_campaign()
    pk, of_the_other = campaign.pk, deletion.preview(campaign=other, now=now).removed

    job = deletion.request_deletion(**confirmed(campaign, now))

    assert (job.status, job.campaign_id, job.subject_ref, job.failed) == ("succeeded", None, pk, 0)
    assert (job.total, job.done) == (sum(ROWS.values()), sum(ROWS.values()))
    assert job.result["removed"] == {label: number for label, number in ROWS.items() if number}
    assert not Campaign.objects.filter(pk=pk).exists()
    assert deletion.preview(campaign=other, now=now).removed == of_the_other
    assert Lead.objects.count() == 4
    assert not RawLead.objects.filter(campaign_id=pk).exists()
    assert not StagedLead.objects.filter(campaign_id=pk).exists()


def test_tombstone_and_audit_say_who_why_and_how_many(now):
    campaign = full_campaign(name="Q3")

    job = deletion.request_deletion(**confirmed(campaign, now, reason=" asked by the client "))

    counts = {label: number for label, number in ROWS.items() if number}
    tombstone = CampaignTombstone.objects.get()
    assert (tombstone.name, tombstone.deleted_by, tombstone.reason) == ("Q3", ANA.name, "asked by the client")
    assert tombstone.counts == counts
    told = AuditLog.objects.order_by("pk").values_list("action", "entity_id", "actor_name", "ip_address", "reason")
    assert list(told) == [
        ("campaign.deletion_requested", str(tombstone.pk), ANA.name, "192.0.2.7", "asked by the client"),
        ("campaign.deleted", str(tombstone.pk), ANA.name, "192.0.2.7", "asked by the client"),
    ]
    assert AuditLog.objects.first().after == {"job": job.pk, "removed": counts, "failures": []}


def test_suppressions_made_by_the_campaign_stay(now):
    campaign = full_campaign()
    SuppressionFactory(organization=campaign.organization, source=f"campaign {campaign.pk}")

    deletion.request_deletion(**confirmed(campaign, now))

    assert Suppression.objects.count() == 1


def test_a_large_campaign_is_hidden_at_once_and_left_to_a_worker(now, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(request, "SMALL", 3)
    campaign = full_campaign()

    with django_capture_on_commit_callbacks(execute=True):
        job = deletion.request_deletion(**confirmed(campaign, now))

    assert (job.status, job.total) == ("queued", sum(ROWS.values()))
    assert not Campaign.objects.living().exists()
    assert Recipient.objects.count() == 2
    assert [row.task["func"] for row in OrmQ.objects.all()] == [task_names.DELETE]
    assert deletion.delete_some(job_id=job.pk, now=now, budget=timedelta(seconds=30)) is False
    assert not Recipient.objects.exists()


def test_whoever_has_no_time_left_goes_on_later(now, monkeypatch):
    monkeypatch.setattr(request, "SMALL", 3)
    job = deletion.request_deletion(**confirmed(full_campaign(), now))

    turns = [deletion.delete_some(job_id=job.pk, now=now, budget=timedelta()) for _ in range(3)]
    last = deletion.delete_some(job_id=job.pk, now=now, budget=timedelta(seconds=30))

    assert (turns, last) == ([True, True, True], False)
    job.refresh_from_db()
    assert (job.status, job.done) == ("succeeded", sum(ROWS.values()))


def test_a_name_that_is_not_the_campaigns_is_refused_but_for_space_around_it(now):
    campaign = full_campaign(name="Q3 EU")

    with pytest.raises(Refused, match="Q3 EU") as refused:
        deletion.request_deletion(**confirmed(campaign, now, confirm_name="q3 eu"))

    assert refused.value.code == "wrong_name"
    assert Campaign.objects.living().count() == 1
    assert deletion.request_deletion(**confirmed(campaign, now, confirm_name=" Q3 EU\n")).status == "succeeded"


def test_a_reason_is_asked_for(now):
    with pytest.raises(Refused) as refused:
        deletion.request_deletion(**confirmed(full_campaign(), now, reason="  "))

    assert refused.value.code == "reason_missing"


def test_other_numbers_than_those_confirmed_are_shown_again(now):
    campaign = full_campaign()
    seen = confirmed(campaign, now)
    RecipientFactory(campaign=campaign)

    with pytest.raises(Refused) as refused:
        deletion.request_deletion(**seen)

    assert refused.value.code == "stale_preview"
    assert refused.value.details["removed"]["recipients"] == 3
    assert Campaign.objects.living().count() == 1
    assert deletion.request_deletion(**{**seen, "token": refused.value.details["token"]}).status == "succeeded"


def running(campaign, now):
    Campaign.objects.filter(pk=campaign.pk).update(status="running", started_at=now)


def in_flight(campaign, now):
    MessageFactory(recipient=campaign.recipients.first(), in_hand=True)


def busy(campaign, now):
    JobFactory(campaign=campaign, kind="preflight", status="running")


@pytest.mark.parametrize(
    ("make", "code"), [(running, "running"), (in_flight, "mail_in_flight"), (busy, "job_active")], ids=lambda part: part
)
def test_what_has_to_end_first_is_named_and_nothing_is_changed(make, code, now):
    campaign = full_campaign()
    make(campaign, now)

    with pytest.raises(Refused) as refused:
        deletion.request_deletion(**confirmed(campaign, now))

    assert refused.value.code == "deletion_blocked"
    assert [blocker["code"] for blocker in refused.value.details["blockers"]] == [code]
    assert Campaign.objects.living().count() == 1
    assert AuditLog.objects.count() == 0


def test_a_campaign_that_is_being_deleted_names_its_job(now, monkeypatch):
    monkeypatch.setattr(request, "SMALL", 3)
    campaign = full_campaign()
    seen = confirmed(campaign, now)
    job = deletion.request_deletion(**seen)

    with pytest.raises(Refused) as refused:
        deletion.request_deletion(**seen)

    assert (refused.value.code, refused.value.details) == ("already_deleting", {"job": job.pk})
    assert Job.objects.filter(kind="delete").count() == 1


def test_a_campaign_that_is_gone_is_not_found(now):
    campaign = full_campaign()
    seen = confirmed(campaign, now)
    deletion.request_deletion(**seen)

    with pytest.raises(NotFound):
        deletion.request_deletion(**seen)


def test_tasks_of_the_queue_that_speak_of_it_go_and_no_others(now):
    campaign, other = full_campaign(), full_campaign()
    for each in (campaign, other):
        async_task(task_names.CHECK, each.jobs.get().pk)
    async_task("campaigns_project.workers.tasks.echo")
    kept = other.jobs.get().pk

    job = deletion.request_deletion(**confirmed(campaign, now))

    assert job.result["removed"]["queued_tasks"] == 1
    assert sorted(row.task["args"] for row in OrmQ.objects.all()) == [(), (kept,)]


def test_a_loose_step_that_fails_does_not_stop_the_others_and_is_reported(now):
    campaign = full_campaign()
    pk = campaign.pk
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;"
            "CREATE TRIGGER refuse BEFORE DELETE ON lead_enrichments FOR EACH ROW EXECUTE FUNCTION refuse()"
        )

    job = deletion.request_deletion(**confirmed(campaign, now))

    assert (job.status, job.failed) == ("succeeded", 3)  # its parents cannot go without it
    assert {failure["table"] for failure in job.result["failures"]} == {"lead_enrichments", "staged_leads", "raw_leads"}
    assert "not today" in job.result["failures"][0]["error"]
    assert not Campaign.objects.filter(pk=pk).exists()
    assert StagedLead.objects.filter(campaign_id=pk).count() == 2
    assert job.result["removed"]["events"] == 2
    assert AuditLog.objects.first().after["failures"] == ["lead_enrichments", "raw_leads", "staged_leads"]


def test_a_table_of_loose_references_that_is_missing_is_reported(now):
    campaign = full_campaign()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP TABLE lead_enrichments")

    impact = deletion.preview(campaign=campaign, now=now)
    job = deletion.request_deletion(**confirmed(campaign, now))

    assert impact.missing == ["lead_enrichments"]
    assert [failure["table"] for failure in job.result["failures"]] == ["lead_enrichments"]
    assert not StagedLead.objects.exists()


def test_without_a_table_that_belongs_to_every_campaign_nothing_is_deleted(now):
    campaign = full_campaign()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP TABLE email_tracking")

    with pytest.raises(Refused, match="email_tracking") as refused:
        deletion.preview(campaign=campaign, now=now)

    assert refused.value.code == "schema_incomplete"
    assert Recipient.objects.count() == 2
