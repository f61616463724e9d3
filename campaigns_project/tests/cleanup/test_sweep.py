"""What a cleanup finds and removes, and what it leaves alone."""

import json
import stat
import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

from campaigns.models import Message, Recipient
from campaigns.task_names import CHECK
from campaigns.tests.factories import EventFactory, JobFactory, RawLeadFactory, RecipientFactory, SenderFactory
from campaigns_project.cleanup.archive import Archive
from campaigns_project.cleanup.queued import LOST
from campaigns_project.cleanup.references import references
from campaigns_project.cleanup.sweep import SWEEP_LOCK, sweep
from campaigns_project.errors import Locked, Refused
from campaigns_project.references import loose_references
from campaigns_project.tests.cleanup.orphans import gone_campaign, living_campaign, loose_rows, sql, without_key
from leads.models import LeadEnrichment, RawLead, StagedLead
from tracking.models import EmailEvent

pytestmark = pytest.mark.django_db


def test_every_declared_loose_reference_is_looked_at():
    places = [place.where for place in sweep(dry_run=True).places]

    assert {f"{model._meta.db_table}.{each.column}" for model, each in loose_references()} <= set(places)
    assert len(places) == len(set(places)) == len(references()) + len(LOST)


def test_rows_of_a_campaign_that_is_gone_are_removed_and_those_of_others_stay():
    loose_rows(gone_campaign(), 3)
    loose_rows(living_campaign().pk)
    RawLeadFactory(campaign_id=None)

    swept = sweep(dry_run=False)

    where = ("raw_leads", "staged_leads", "lead_enrichments")
    assert swept.counts == {f"{table}.campaign_id": 3 for table in where}
    assert (swept.mended, swept.problems) == (9, [])
    assert (RawLead.objects.count(), StagedLead.objects.count(), LeadEnrichment.objects.count()) == (2, 1, 1)


def test_run_again_it_finds_nothing():
    loose_rows(gone_campaign(), 2)
    sweep(dry_run=False)

    assert sweep(dry_run=False).found == 0


def test_a_dry_run_counts_the_same_and_removes_nothing():
    loose_rows(gone_campaign(), 2)

    looked = sweep(dry_run=True)

    assert RawLead.objects.count() == 2
    assert (looked.counts, looked.mended) == (sweep(dry_run=False).counts, 0)


def test_samples_are_the_first_five_keys():
    chains = loose_rows(gone_campaign(), 7)

    place = next(each for each in sweep(dry_run=True).places if each.where == "raw_leads.campaign_id")

    assert place.samples == [str(raw.pk) for raw, _, _ in chains[:5]]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_batches_of_any_size_remove_everything(batch_size):
    loose_rows(gone_campaign(), 5)

    assert sweep(dry_run=False, batch_size=batch_size).mended == 15
    assert not RawLead.objects.exists()


def test_one_table_is_cleaned_by_itself():
    loose_rows(gone_campaign(), 2)

    swept = sweep(dry_run=False, table="lead_enrichments")

    assert swept.counts == {"lead_enrichments.campaign_id": 2}
    assert (RawLead.objects.count(), StagedLead.objects.count(), LeadEnrichment.objects.count()) == (2, 2, 0)


def test_a_table_that_no_model_declares_is_refused_by_name():
    sql("CREATE TABLE notes_of_somebody (id bigint PRIMARY KEY, campaign_id bigint)")
    sql("INSERT INTO notes_of_somebody VALUES (1, %s)", gone_campaign())

    with pytest.raises(Refused) as refused:
        sweep(dry_run=False, table="notes_of_somebody")
    sweep(dry_run=False)

    assert refused.value.code == "unknown_table"
    sql("DO $$ BEGIN ASSERT (SELECT count(*) FROM notes_of_somebody) = 1; END $$")


def test_rows_behind_a_key_that_is_missing_are_removed_with_what_hangs_on_them():
    event, other = EventFactory(), EventFactory()
    without_key("campaign_recipients", "campaign_id")
    without_key("campaign_messages", "recipient_id")
    sql("ALTER TABLE campaign_steps DISABLE TRIGGER USER")  # which takes messages along
    campaign = event.campaign_recipient.campaign_id
    sql("DELETE FROM campaigns WHERE id = %s", campaign)

    swept = sweep(dry_run=False)

    # The messages lose their recipient only when it is removed, which a further look finds.
    assert swept.counts["campaign_recipients.campaign_id"] == 1
    assert sweep(dry_run=True).found == 0
    assert list(Recipient.objects.values_list("pk", flat=True)) == [other.campaign_recipient_id]
    assert list(Message.objects.values_list("pk", flat=True)) == [other.message_id]
    assert list(EmailEvent.objects.values_list("pk", flat=True)) == [other.pk]


def test_a_row_that_only_forgets_its_parent_stays_and_forgets():
    recipient = RecipientFactory(sender=SenderFactory())
    without_key("campaign_recipients", "sender_id")
    sql("DELETE FROM senders WHERE id = %s", recipient.sender_id)

    swept = sweep(dry_run=False)

    recipient.refresh_from_db()
    assert swept.counts == {"campaign_recipients.sender_id": 1}
    assert recipient.sender_id is None


def test_a_missing_table_and_a_missing_column_are_reported_and_the_rest_is_done():
    gone = gone_campaign()
    loose_rows(gone, 2)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("DROP TABLE campaign_usage")
    sql("ALTER TABLE lead_enrichments DROP COLUMN campaign_id")

    swept = sweep(dry_run=False)

    assert sorted(problem.partition(" Run")[0] for problem in swept.problems) == [
        "campaign_usage.campaign_id: There is no table campaign_usage.",
        "lead_enrichments.campaign_id: There is no column lead_enrichments.campaign_id.",
    ]
    assert not RawLead.objects.exists()


def test_a_table_that_cannot_be_mended_is_reported_and_the_others_are():
    loose_rows(gone_campaign(), 2)
    sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'kept'; END $$")
    sql("CREATE TRIGGER kept BEFORE DELETE ON lead_enrichments FOR EACH ROW EXECUTE FUNCTION refuse()")

    swept = sweep(dry_run=False, table="lead_enrichments")

    assert swept.problems == ["lead_enrichments.campaign_id: kept"]
    assert (swept.found, swept.mended) == (2, 0)
    assert sweep(dry_run=True, table="raw_leads").found == 2


def test_tasks_whose_subject_is_gone_leave_the_queue_and_others_stay():
    job = JobFactory()
    async_task(CHECK, job.pk)
    async_task(CHECK, 987_654_321)
    async_task("campaigns_project.workers.tasks.echo")

    swept = sweep(dry_run=False)

    assert swept.counts == {"django_q_ormq.task": 1}
    assert sorted(queued.task["args"] for queued in OrmQ.objects.all()) == [(), (job.pk,)]


def test_tasks_under_a_key_that_is_lost_leave_the_queue_after_a_day(monkeypatch):
    unsigned = OrmQ.objects.create(key=Conf.CLUSTER_NAME, payload="nobody's", lock=timezone.now())
    monkeypatch.setattr(Conf, "SECRET_KEY", "lost")
    for age in (timedelta(days=2), timedelta(hours=20)):
        monkeypatch.setattr(time, "time", lambda age=age: (timezone.now() - age).timestamp())
        async_task("campaigns_project.workers.tasks.echo")
    lost = OrmQ.objects.exclude(pk=unsigned.pk).earliest("pk")
    monkeypatch.undo()
    monkeypatch.setattr(time, "time", (timezone.now() - timedelta(days=2)).timestamp)
    async_task("campaigns_project.workers.tasks.echo")
    monkeypatch.undo()
    OrmQ.objects.update(lock=timezone.now() - timedelta(hours=20))

    assert sweep(dry_run=True).places[-1].samples == [str(unsigned.pk), str(lost.pk)]
    swept = sweep(dry_run=False)

    assert (swept.counts, swept.mended) == ({"django_q_ormq.payload": 2}, 2)
    assert set(OrmQ.objects.values_list("pk", flat=True)) == {lost.pk + 1, lost.pk + 2}


def test_the_archive_has_every_row_and_only_its_owner_reads_it(tmp_path):
    file = tmp_path / "orphans.jsonl"
    (raw, staged, enrichment), *_ = loose_rows(gone_campaign())
    LeadEnrichment.objects.filter(pk=enrichment.pk).update(campaign_id=None)

    with Archive(file) as archive:
        sweep(dry_run=False, archive=archive)

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    kept = {(line["table"], line["row"].get("id") or line["row"]["raw_lead_id"]) for line in lines}
    assert kept == {("staged_leads", staged.pk), ("lead_enrichments", enrichment.pk), ("raw_leads", raw.pk)}
    assert next(line for line in lines if line["table"] == "raw_leads")["row"]["payload"] == raw.payload
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_archive_that_is_there_already_is_not_written_over(tmp_path):
    file = tmp_path / "orphans.jsonl"
    file.write_text("old")

    with pytest.raises(Refused) as refused:
        Archive(file)

    assert (refused.value.code, file.read_text()) == ("archive_exists", "old")


def test_a_second_cleanup_at_the_same_time_is_refused():
    with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [SWEEP_LOCK])
        with pytest.raises(Locked):
            sweep(dry_run=True)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [SWEEP_LOCK])

    assert sweep(dry_run=True).found == 0
