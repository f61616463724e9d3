"""What goes on beside a deletion: nothing starts or comes in, nothing fails, and no row comes back."""

import signal
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from campaigns import deletion, lifecycle, preflight, task_names
from campaigns.deletion import request, stalled, turn
from campaigns.enrollment import Selection, enroll, stop
from campaigns.locks import Lock
from campaigns.models import Campaign, CampaignTombstone, ExitReason, Job, Message, Recipient
from campaigns.preflight.jobs import queue_check
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.recover import recover
from campaigns.tasks import delete_rows, resume_stalled_deletions
from campaigns.tests.deletion.full import ANA, ROWS, confirmed, full_campaign
from campaigns.tests.factories import NOON, LeadFactory, RecipientFactory
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, Refused
from campaigns_project.tests.processes import started, wait_until
from campaigns_project.tests.processes import stop as end
from campaigns_project.workers.subjects import tasks_without_subject
from leads.models import Lead, Suppression
from tracking import consequences, ingest
from tracking.models import EmailEvent, EventType, RawEvent

pytestmark = pytest.mark.django_db

LONG = timedelta(seconds=60)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def hidden(now, monkeypatch):
    """A job whose campaign is hidden, with all its rows still there."""
    monkeypatch.setattr(request, "SMALL", 0)
    return deletion.request_deletion(**confirmed(full_campaign(status="stopped"), now))


def subject_of(job):
    return Campaign.objects.get(pk=job.subject_ref)


VERBS = {
    "start": lifecycle.start,
    "stop": lifecycle.stop,
    "pause": lifecycle.pause,
    "archive": lifecycle.archive,
    "unschedule": lifecycle.unschedule,
}


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_moves_it_any_more(verb, hidden, now):
    with pytest.raises(NotFound):
        VERBS[verb](campaign=subject_of(hidden), actor=ANA, now=now)


def test_nobody_comes_in_and_no_check_begins(hidden, now):
    campaign = subject_of(hidden)
    lead = LeadFactory(organization=campaign.organization)

    with pytest.raises(NotFound):
        enroll(campaign=campaign, selection=Selection(lead_ids=[lead.pk]), actor=ANA, now=now)
    with pytest.raises(NotFound):
        queue_check(campaign, actor=ANA, now=now)

    assert Recipient.objects.count() == 2


def test_a_stale_form_cannot_bring_it_back(hidden):
    campaign = subject_of(hidden)
    campaign.deleting_at = None

    with pytest.raises(Exception, match="is being deleted"):
        campaign.save()


def test_an_open_on_its_way_is_dropped_and_an_unsubscription_still_counts(hidden, now):
    message = Message.objects.select_related("recipient").first()
    RawEvent.objects.create(event_type=EventType.OPEN, message_ref=message.pk, source="pixel")

    ingest.drain(now=now)
    left = consequences.unsubscribe(message_id=message.pk, source="one_click", now=now)
    deletion.delete_some(job_id=hidden.pk, now=now, budget=LONG)

    assert left.is_first
    assert Suppression.objects.get().address == message.recipient.email_address
    assert not EmailEvent.objects.exists()
    hidden.refresh_from_db()
    assert hidden.result["removed"]["events"] == 3


def test_news_of_what_is_gone_change_nothing(hidden, now):
    message = Message.objects.select_related("recipient__campaign").first()
    deletion.delete_some(job_id=hidden.pk, now=now, budget=LONG)
    RawEvent.objects.create(event_type=EventType.CLICK, message_ref=message.pk, source="link")
    bounce = {"recipient": message.recipient, "message": message, "event_type": EventType.BOUNCE, "at": now}

    assert ingest.drain(now=now) == 1
    assert consequences.unsubscribe(message_id=message.pk, source="one_click", now=now) is None
    assert consequences.record_event(**bounce, source="inbox", data={"kind": "hard"}) is False
    assert stop.stop_recipients([message.recipient_id], reason=ExitReason.REPLIED, at=now) == 0
    assert recover(now=now) == 0
    assert not (EmailEvent.objects.exists() or RawEvent.objects.exists())


def test_the_tick_goes_on_with_a_deletion_nobody_works_on(hidden, django_capture_on_commit_callbacks):
    Job.objects.update(heartbeat_at=timezone.now() - stalled.STALE_AFTER * 2)

    first, second = resume_stalled_deletions(), resume_stalled_deletions()
    delete_rows(hidden.pk)

    assert (first, second) == (1, 0)
    hidden.refresh_from_db()
    assert hidden.status == "succeeded"


def test_a_turn_that_breaks_off_says_so_on_the_job_and_the_next_comes_to_the_end(hidden):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$;"
            "CREATE TRIGGER refuse BEFORE DELETE ON campaign_links FOR EACH ROW EXECUTE FUNCTION refuse()"
        )

    with pytest.raises(Exception, match="disk full"):
        delete_rows(hidden.pk)
    hidden.refresh_from_db()
    broken = (hidden.status, hidden.error_message.partition(".")[0], "disk full" in hidden.error_message)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP TRIGGER refuse ON campaign_links")
    delete_rows(hidden.pk)

    assert broken == ("stalled", "It broke off and is tried again", False)
    hidden.refresh_from_db()
    assert (hidden.status, hidden.error_message, hidden.done) == ("succeeded", "", sum(ROWS.values()))


def test_a_deletion_that_waits_in_the_queue_is_not_queued_again(hidden, django_capture_on_commit_callbacks):
    def silent_and_resumed():
        Job.objects.update(heartbeat_at=timezone.now() - stalled.STALE_AFTER * 2)
        with django_capture_on_commit_callbacks(execute=True):
            return resume_stalled_deletions()

    assert [silent_and_resumed(), silent_and_resumed()] == [1, 0]
    assert [row.task["args"] for row in OrmQ.objects.all()] == [(hidden.pk,)]
    OrmQ.objects.update(lock=timezone.now() + timedelta(hours=1))
    assert silent_and_resumed() == 1  # claimed by a worker that says nothing: it is dead


def test_a_queued_turn_of_a_deletion_whose_job_is_gone_is_known_to_be_an_orphan(hidden):
    async_task(task_names.DELETE, hidden.pk)
    async_task(task_names.DELETE, hidden.pk + 1)

    [orphan] = tasks_without_subject()

    assert OrmQ.objects.get(pk=orphan).task["args"] == (hidden.pk + 1,)


KEEP = (
    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
    "CREATE TRIGGER keep BEFORE DELETE ON {} FOR EACH ROW EXECUTE FUNCTION keep()"
)


def test_where_the_database_keeps_rows_it_was_told_to_delete_the_turn_ends_and_names_them(hidden):
    with connection.cursor() as cursor:
        cursor.execute(KEEP.format("campaign_recipients"))

    with pytest.raises(Refused) as refused:
        delete_rows(hidden.pk)
    hidden.refresh_from_db()
    broken = (hidden.status, "2 rows of campaign_recipients are still there" in hidden.error_message)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP TRIGGER keep ON campaign_recipients")
    delete_rows(hidden.pk)

    assert (refused.value.code, broken) == ("rows_stay", ("stalled", True))
    hidden.refresh_from_db()
    assert (hidden.status, hidden.done) == ("succeeded", sum(ROWS.values()))


def test_loose_rows_that_the_database_keeps_are_reported_and_stop_nothing_else(hidden):
    with connection.cursor() as cursor:
        cursor.execute(KEEP.format("raw_leads"))

    delete_rows(hidden.pk)

    hidden.refresh_from_db()
    assert (hidden.status, [each["table"] for each in hidden.result["failures"]]) == ("succeeded", ["raw_leads"])


def test_a_failure_noted_in_what_did_not_happen_is_forgotten(hidden):
    mine = turn.Turn.of(hidden, LONG)
    mine.note_left("raw_leads", "Rows are left.")

    with pytest.raises(OSError, match="gone"), mine.kept_on_error():
        mine.note_left("campaign_links", "Rows are left.")
        raise OSError("gone")

    assert mine.failures == {"raw_leads": "Rows are left."}


def test_one_that_is_hidden_while_nobody_deletes_it_can_be_deleted(hidden, now):
    campaign = subject_of(hidden)
    hidden.delete()

    job = deletion.request_deletion(**confirmed(campaign, now))
    deletion.delete_some(job_id=job.pk, now=now, budget=LONG)

    assert not Campaign.objects.exists()


def test_one_deleted_behind_the_jobs_back_is_still_cleared_of_its_loose_rows(hidden, now):
    Campaign.objects.filter(pk=hidden.subject_ref).delete()

    deletion.delete_some(job_id=hidden.pk, now=now, budget=LONG)

    hidden.refresh_from_db()
    assert (hidden.status, hidden.failed, hidden.result["removed"]["raw_leads"]) == ("succeeded", 0, 1)
    assert AuditLog.objects.first().action == "campaign.deleted"


def large_campaign(size):
    """With so many recipients, each with a message and an event."""
    campaign = full_campaign(status="stopped")
    step, home = campaign.steps.first(), campaign.organization
    people = Lead.objects.bulk_create(
        Lead(organization=home, email=f"p{n}@example.com", email_normalized=f"p{n}@example.com") for n in range(size)
    )
    inside = Recipient.objects.bulk_create(
        Recipient(campaign=campaign, lead=lead, email_address=lead.email) for lead in people
    )
    sent = Message.objects.bulk_create(
        Message(recipient=recipient, step=step, status="sent", sent_at=timezone.now()) for recipient in inside
    )
    EmailEvent.objects.bulk_create(
        EmailEvent(
            campaign_recipient=message.recipient, message=message, event_type="open", source="pixel", created_at=NOON
        )
        for message in sent
    )
    return campaign


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_and_run_again_it_completes_with_the_right_counts(tmp_path, other_session):
    campaign = large_campaign(6_000)
    pk, impact = campaign.pk, deletion.preview(campaign=campaign, now=timezone.now())
    last = Recipient.objects.order_by("-pk").first()
    arguments = ["manage.py", "delete_campaign", str(pk), "--confirm", campaign.name, "--reason", "over"]
    log = tmp_path / "log"
    other_session("BEGIN")
    other_session("SELECT FROM campaign_recipients WHERE id = %s FOR NO KEY UPDATE", [last.pk])

    with started(*arguments, log=log) as process:
        wait_until(
            lambda: Job.objects.filter(kind="delete", done__gt=3_000) and _somebody_waits(),
            "it waits for the last one",
            log,
        )
        end(process, signal.SIGKILL)
    halfway = Job.objects.get(kind="delete")
    other_session("ROLLBACK")
    wait_until(lambda: not _is_held(halfway), "the database has noticed")
    with started(*arguments, log=log) as process:
        returned = process.wait(timeout=60)

    job = Job.objects.get(kind="delete")
    assert 3_000 < halfway.done < impact.total
    assert (returned, job.status, job.done) == (0, "succeeded", impact.total), log.read_text()
    counts = {label: number for label, number in impact.removed.items() if number}
    assert CampaignTombstone.objects.get(pk=pk).counts == counts
    assert AuditLog.objects.get(action="campaign.deleted").after["removed"] == counts
    assert not (Recipient.objects.exists() or Message.objects.exists() or EmailEvent.objects.exists())


def _somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
        return cursor.fetchone()[0]


def _is_held(job):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s",
            [Lock.DELETION, job.pk],
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_an_event_written_at_the_same_time_is_waited_for_and_goes_too(hidden, now, other_session):
    message = Message.objects.first()
    other_session("BEGIN")
    other_session("SELECT FROM campaign_recipients WHERE id = %s FOR NO KEY UPDATE", [message.recipient_id])
    other_session(
        "INSERT INTO email_tracking (campaign_recipient_id, message_id, event_type, event_data, user_agent, is_machine,"
        " machine_reason, source, created_at) VALUES (%s, %s, 'open', '{}', '', false, '', 'pixel', now())",
        [message.recipient_id, message.pk],
    )

    deleting = threading.Thread(target=_delete, args=[hidden.pk, now])
    deleting.start()
    wait_until(_somebody_waits, "the deletion waits for the recipient")
    other_session("COMMIT")
    deleting.join()

    hidden.refresh_from_db()
    assert (hidden.status, hidden.result["removed"]["events"]) == ("succeeded", 3)
    assert not EmailEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_one_deletion(now, monkeypatch):
    monkeypatch.setattr(request, "SMALL", 0)
    campaign = full_campaign()
    seen, answers, ready = confirmed(campaign, now), [], threading.Barrier(4)

    def ask():
        ready.wait()
        try:
            answers.append(deletion.request_deletion(**seen).status)
        except deletion.errors.AlreadyDeleting as refused:
            answers.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["already_deleting"] * 3 + ["queued"]
    assert Job.objects.filter(kind="delete").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_remove_each_row_once(now, monkeypatch):
    monkeypatch.setattr(request, "SMALL", 0)
    monkeypatch.setattr(turn, "FIRST_ROWS", 50)
    campaign = large_campaign(2_000)
    total = deletion.preview(campaign=campaign, now=now).total
    job = deletion.request_deletion(**confirmed(campaign, now))

    threads = [threading.Thread(target=_delete, args=[job.pk, now]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    job.refresh_from_db()
    assert (job.status, job.done) == ("succeeded", total)


def _delete(job_id, now):
    try:
        deletion.delete_some(job_id=job_id, now=now, budget=LONG)
    finally:
        connection.close()


def test_a_claim_made_at_the_last_moment_leaves_no_row(hidden, now):
    """The worker saw the campaign run; what it claims is refused at the gate and goes with the rest."""
    campaign = subject_of(hidden)
    step = campaign.steps.order_by("variants__pk").first()
    RecipientFactory(campaign=campaign, next_step=step, next_send_at=now)
    senders = [link.sender for link in campaign.campaign_senders.select_related("sender")]
    claim(campaign=campaign, wordings=Wordings.of(campaign), senders=senders, limit=10, now=now)

    deletion.delete_some(job_id=hidden.pk, now=now, budget=LONG)

    assert not (Message.objects.exists() or Recipient.objects.exists())


def test_the_preflight_of_one_that_is_gone_is_no_fault(hidden, now):
    campaign = subject_of(hidden)
    deletion.delete_some(job_id=hidden.pk, now=now, budget=LONG)

    assert preflight.look(campaign, now=now).blocking
