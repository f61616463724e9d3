"""What the tick does, and how often. A duty is short, may run twice at once, and queues work rather than doing it."""

from collections.abc import Callable
from typing import NamedTuple

from django.utils import timezone

from campaigns.automatic import ask_for_looks
from campaigns.de_enrollment import remove_old_runs, sweep_by_itself
from campaigns.jobs import refresh_sending_jobs
from campaigns.lifecycle import complete_finished, start_due
from campaigns.providers.instantly.wanted import queue_handovers
from campaigns.sending.dispatch import dispatch
from campaigns.sending.inherit import inherit
from campaigns.sending.recover import recover
from campaigns.sending.usage import forget_unlimited, forget_usage
from campaigns.tallies import ask_for_counts
from campaigns.tasks import (
    resume_cut_off_enrollments,
    resume_stalled_checks,
    resume_stalled_deletions,
    resume_stalled_rankings,
    resume_waiting_fetches,
)
from campaigns_project.audit.sealing import seal
from campaigns_project.cleanup.nightly import look_nightly
from campaigns_project.idempotency.forget import remove_old as forget_old_requests
from campaigns_project.runtime.verifying import ask_if_due
from campaigns_project.webhooks.tasks import queue_removal as queue_old_deliveries
from campaigns_project.webhooks.tasks import queue_what_is_due
from campaigns_project.workers.queue import enqueue_echo
from leads.imports.tasks import queue_removal, resume_stalled_imports
from leads.suppression import remove_expired
from tracking.days import ask_for_days
from tracking.inbound.old import remove_old_webhooks
from tracking.inbound.settle import settle_waiting
from tracking.inbox.due import forget_quarantined, queue_due
from tracking.ingest import drain
from tracking.instantly.due import queue_polls
from tracking.proving import prove_by_events
from tracking.tasks import queue_forgetting


class Duty(NamedTuple):
    """`run` is called without arguments by the one leader about every `every_seconds`."""

    name: str
    run: Callable[[], object]
    every_seconds: float


def _now(use_case: Callable[..., object]) -> Callable[[], object]:
    return lambda: use_case(now=timezone.now())


DUTIES: tuple[Duty, ...] = (
    Duty("start scheduled campaigns", _now(start_due), 1),
    Duty("send what is due", dispatch, 1),
    Duty("turn raw events into events", _now(drain), 1),
    Duty("turn reports of e-mail services into events", _now(settle_waiting), 1),
    Duty("take over from dead workers of this machine", _now(inherit), 2),
    Duty("mend what dead workers left", _now(recover), 2),
    Duty("count uncertain mails as sent that were heard of", prove_by_events, 30),
    Duty("complete finished campaigns", _now(complete_finished), 2),
    Duty("have automatic campaigns look for new people", _now(ask_for_looks), 5),
    Duty("take out whoever must not be in any more", _now(sweep_by_itself), 5),
    Duty("remove old de-enrollment runs", _now(remove_old_runs), 3600),
    Duty("show progress on jobs", refresh_sending_jobs, 2),
    Duty("count large campaigns anew", _now(ask_for_counts), 5),
    Duty("count days of campaigns", _now(ask_for_days), 10),
    Duty("seal the audit log", _now(seal), 10),
    Duty("remove suppressions that expired", _now(remove_expired), 60),
    Duty("go on with imports of dead workers", resume_stalled_imports, 60),
    Duty("tell webhooks what is due", queue_what_is_due, 1),
    Duty("remove old deliveries of webhooks", queue_old_deliveries, 3600),
    Duty("forget what was counted against limits", _now(forget_usage), 3600),
    Duty("forget what was counted against limits that were taken away", _now(forget_unlimited), 30),
    Duty("go on with enrollments that were cut off", resume_cut_off_enrollments, 10),
    Duty("go on with checks of dead workers", resume_stalled_checks, 60),
    Duty("go on with rankings of dead workers", resume_stalled_rankings, 60),
    Duty("tell Instantly what it does not know yet", _now(queue_handovers), 2),
    Duty("look at what Instantly sent", _now(queue_polls), 10),
    Duty("go on with fetches that wait", resume_waiting_fetches, 5),
    Duty("go on with deletions of dead workers", resume_stalled_deletions, 60),
    Duty("read mailboxes", _now(queue_due), 1),
    Duty("remove old mails from quarantine", _now(forget_quarantined), 3600),
    Duty("look for orphans once a night", _now(look_nightly), 300),
    Duty("verify the database once a day", _now(ask_if_due), 3600),
    Duty("remove old rows of imports", _now(queue_removal), 3600),
    Duty("remove old reports of e-mail services", _now(remove_old_webhooks), 3600),
    Duty("forget what requests with a key were answered", forget_old_requests, 60),
    Duty("forget old values of mails and details of events", queue_forgetting, 3600),
    Duty("echo", enqueue_echo, 2),  # keeps every task cluster's heartbeat going
)
