"""Many people beside a long list of suppressions: what is read does not grow with one times the other.

Counted are the rows that the database reads, which no busy machine changes. The tables have no statistics: they were
filled by the test, in a transaction nobody else sees.
"""

from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from campaigns.de_enrollment import Scope, count_by_reason
from campaigns.de_enrollment.judging import judged
from campaigns.enrollment import Selection, enroll
from campaigns.models import Campaign, ExitReason, HandedLead, Job, Message, MessageStatus, Recipient, RecipientStatus
from campaigns.providers.instantly.push import _take
from campaigns.sending.retry import retry_failed
from campaigns.tests.factories import (
    CampaignFactory,
    HandoverFactory,
    StepFactory,
    VariantFactory,
)
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.database.plans import without_loops
from leads.models import Lead, Segment, Suppression
from leads.segments.members import members

pytestmark = pytest.mark.django_db
enrolling = import_module("campaigns.enrollment.enroll")  # the package gives its function the same name
PEOPLE = 500
LISTED = 400  # of whom every tenth is one of the people


@pytest.fixture
def now() -> Any:
    return timezone.now()


@pytest.fixture
def campaign() -> Campaign:
    """A running one, and a long list; nobody is in it yet."""
    made = CampaignFactory(running=True)
    VariantFactory(step=StepFactory(campaign=made), body_html="<p>Hi</p>", body_text="")
    people = [f"bob{number}@firm{number}.example" for number in range(PEOPLE)]
    home = made.organization
    Lead.objects.bulk_create(
        [Lead(organization=home, email=each, email_normalized=each, first_name="Bob") for each in people]
    )
    listed = [people[number] if number % 10 == 0 else f"ann{number}@far.example" for number in range(LISTED)]
    Suppression.objects.bulk_create([Suppression(organization=home, address=each) for each in listed])
    return made


def fill(campaign: Campaign, **fields: Any) -> list[int]:
    """Everybody is in it, as if nobody had been asked about."""
    step = campaign.steps.get()
    fields = {"status": RecipientStatus.PENDING, "next_step": step, "next_send_at": timezone.now(), **fields}
    people = Lead.objects.order_by("pk")
    made = Recipient.objects.bulk_create(
        [Recipient(campaign=campaign, lead=each, email_address=each.email, **fields) for each in people]
    )
    Campaign.objects.update(total_recipients=PEOPLE, active_leads_count=PEOPLE)
    return [each.pk for each in made]


def rows_read(table: str = "suppressions") -> int:
    """How many rows of it this transaction has read so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = %s", [table]
        )
        return int(cursor.fetchone()[0])


def test_enrollment_reads_the_list_once(campaign, now):
    before = rows_read()

    done = enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=now)

    assert (done.enrolled, done.skipped) == (PEOPLE - LISTED // 10, {"suppressed": LISTED // 10})
    assert rows_read() - before <= 2 * LISTED


def test_a_sweep_reads_the_list_once_for_everybody_and_once_for_a_batch(campaign, now):
    ids = fill(campaign)
    scope = Scope(organization=campaign.organization)
    before = rows_read()

    found = count_by_reason(scope, now=now)
    statement, params = judged(scope, now=now, ids=ids[:100])
    with without_loops() as cursor:
        cursor.execute(statement, params)
        again = cursor.rowcount

    assert (found, again) == ({"suppressed": LISTED // 10}, 10)
    assert rows_read() - before <= 4 * LISTED


def fail(campaign: Campaign, now: Any) -> None:
    """Everybody left with a failed mail."""
    out = {"status": RecipientStatus.FAILED, "exit_reason": ExitReason.FAILED, "exited_at": now}
    failed = {"step": campaign.steps.get(), "status": MessageStatus.FAILED, "reason": "other"}
    ids = fill(campaign, next_step=None, next_send_at=None, **out)
    Message.objects.bulk_create([Message(recipient_id=pk, message_id=f"<{pk}@x.example>", **failed) for pk in ids])


def test_failed_mails_are_sent_again_without_reading_the_list_for_each(campaign, now):
    fail(campaign, now)
    before = rows_read()

    done = retry_failed(campaign=campaign, actor=SYSTEM, now=now, dry_run=True)

    assert (done.retried, done.skipped) == (PEOPLE - LISTED // 10, {"suppressed": LISTED // 10})
    assert rows_read() - before <= 2 * LISTED


def test_nor_are_the_recipients_read_for_each_whose_address_was_corrected(campaign, now):
    forgotten = transaction.savepoint_create()
    fail(campaign, now)
    transaction.savepoint_rollback(forgotten)
    with connection.cursor() as cursor:  # as autovacuum may do it between two others: pages, and nobody in them
        cursor.execute("ANALYZE campaign_recipients, campaign_messages")
    fail(campaign, now)
    Lead.objects.update(email=Concat(Value("x"), "email"), email_normalized=Concat(Value("x"), "email_normalized"))
    before = rows_read("campaign_recipients")

    done = retry_failed(campaign=campaign, actor=SYSTEM, now=now, dry_run=True)

    assert (done.retried, rows_read("campaign_recipients") - before <= 10 * PEOPLE) == (PEOPLE, True)


def test_people_are_handed_over_without_reading_the_list_for_each(campaign, now):
    ids = fill(campaign)
    handover = HandoverFactory(campaign=campaign)
    before = rows_read()

    rows = _take(campaign, handover, now)

    assert (len(rows), HandedLead.objects.count()) == (PEOPLE - LISTED // 10,) * 2
    assert (handover.reached, rows_read() - before <= 2 * LISTED) == (max(ids), True)


def test_a_segment_asks_for_the_suppressed_in_a_list_too_long_for_memory_by_the_index(campaign, now):
    rules = {"groups": [{"rules": [{"field": "suppressed", "operator": "is"}]}]}
    segment = Segment.objects.create(organization=campaign.organization, name="Out", rules=rules)
    more = [f"eve{number}@far.example" for number in range(3_000)]
    Suppression.objects.bulk_create([Suppression(organization=campaign.organization, address=each) for each in more])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE suppressions; SET LOCAL work_mem = '64kB'; SET LOCAL hash_mem_multiplier = 1")
    before = rows_read()

    found = members(segment, now=now).count()

    assert (found, rows_read() - before <= PEOPLE) == (LISTED // 10, True)


def test_many_are_enrolled_in_batches_and_told_as_one(campaign, now, monkeypatch):
    monkeypatch.setattr(enrolling, "BATCH", 200)
    numbers = tuple(Lead.objects.values_list("pk", flat=True))

    done = enroll(campaign=campaign, selection=Selection(lead_ids=(*numbers, 0)), actor=SYSTEM, now=now)

    free, out = PEOPLE - LISTED // 10, LISTED // 10
    campaign.refresh_from_db()
    assert (done.enrolled, done.skipped) == (free, {"suppressed": out, "not_found": 1})
    assert (campaign.total_recipients, campaign.active_leads_count) == (free, free)
    assert list(Job.objects.values_list("total", "done", "result")) == [
        (PEOPLE + 1, free, {"enrolled": free, "skipped": {"suppressed": out, "not_found": 1}})
    ]
    entries = AuditLog.objects.about(campaign).filter(action="campaign.enrolled")
    assert [entry.after["enrolled"] for entry in entries.order_by("pk")] == [180, 180, 100]
