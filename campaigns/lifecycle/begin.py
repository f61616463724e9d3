"""Start and resume: from here on mail may leave."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F

from campaigns import preflight
from campaigns.enrollment.first_due import set_first_due
from campaigns.errors import SnapshotChanged, StartRefused, WarningsNotAccepted
from campaigns.fetching.opened import queue_fetch, wants_fetch, was_never_checked
from campaigns.ledger import ledger
from campaigns.lifecycle.transitions import move, reopen, reread
from campaigns.locks import hold_audience
from campaigns.models import Campaign, CampaignStatus, Handover, Job, JobKind, Recipient, RecipientStatus
from campaigns.preflight import Report
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus

LONGEST_HOLD = timedelta(hours=1)  # to think again; for later there is the schedule


class Overdue(models.TextChoices):
    """What becomes at a resume of the mails that came due during the pause."""

    SEND = "send", "they leave first, at the usual pace"
    SHIFT = "shift", "every remaining step moves by the length of the pause"


def start(
    *,
    campaign: Campaign,
    actor: Actor,
    now: datetime,
    reason: str = "",
    snapshot: str | None = None,
    accept_warnings: Collection[str] | None = None,
    hold: timedelta = timedelta(),
    report: Report | None = None,
) -> Campaign:
    """Begin to send; the first mail leaves as soon as a worker sees it, but not before `hold` is over.

    A campaign with a lead source and nobody in it runs, and fetches its people first: they are enrolled, every mail is
    checked, then mail leaves. Where that gives nothing, the campaign fails and can be resumed.

    Every mail is made first; a caller that did so already gives its `report`. With `snapshot` (of a report somebody
    has read) and with `accept_warnings` the start is bound to them: SnapshotChanged when content or audience is another
    by now, WarningsNotAccepted for a warning that is not named. StateConflict when the state does not allow it;
    StartRefused with every blocking problem; PreflightNeeded for a large campaign no job has checked as it is now.
    """
    bound: dict[str, Any] = {"snapshot": snapshot, "accept_warnings": accept_warnings, "hold": hold}
    report = check_start(campaign=campaign, now=now, report=report, **bound)
    told = {"snapshot": report.snapshot, "warnings": sorted({problem.code for problem in report.warnings})}
    return _begin(campaign, "start", actor=actor, now=now, reason=reason, report=report, told=told, hold=hold)


def check_start(
    *,
    campaign: Campaign,
    now: datetime,
    snapshot: str | None = None,
    accept_warnings: Collection[str] | None = None,
    hold: timedelta = timedelta(),
    report: Report | None = None,
) -> Report:
    """The full report with which `start` would begin; refused as it would be. Changes nothing."""
    if not timedelta() <= hold <= LONGEST_HOLD:
        message = "The hold before the first mail is between nothing and an hour."
        raise Refused("hold_too_long", message, "To start later, schedule.")
    return _checked(reread(campaign, "start"), now=now, report=report, snapshot=snapshot, accepted=accept_warnings)


def resume(
    *, campaign: Campaign, actor: Actor, now: datetime, reason: str = "", overdue: str = Overdue.SEND
) -> Campaign:
    """Go on after a pause or a failure; `overdue` says what becomes of what came due meanwhile. Refused as `start`.

    Only one that never began is checked mail by mail: of the others everybody was. One that failed, or was paused,
    before its people had come fetches them now; nobody who was bought before is bought again.
    """
    campaign = reread(campaign, "resume")
    is_new = campaign.started_at is None or was_never_checked(campaign)
    report = _checked(campaign, now=now) if is_new else None
    pause = now - campaign.paused_at if campaign.paused_at else timedelta()
    shift = pause if Overdue(overdue) == Overdue.SHIFT else timedelta()
    told = {"overdue": overdue}
    return _begin(campaign, "resume", actor=actor, now=now, reason=reason, report=report, told=told, shift=shift)


def _checked(
    campaign: Campaign,
    *,
    now: datetime,
    report: Report | None = None,
    snapshot: str | None = None,
    accepted: Collection[str] | None = None,
) -> Report:
    """The full report on the campaign, which lets it start. Made outside the transaction: it may take seconds."""
    report = report or preflight.look(campaign, now=now)
    preflight.require_full(campaign, report)
    if snapshot is not None and snapshot != report.snapshot:
        raise SnapshotChanged(preflight.what_changed(snapshot, report.snapshot), report.snapshot)
    if report.blocking:
        raise StartRefused([problem.as_dict() for problem in report.blocking])
    others = [problem.as_dict() for problem in report.warnings if accepted is not None and problem.code not in accepted]
    if others:
        raise WarningsNotAccepted(others)
    return report


@transaction.atomic
def _begin(
    campaign: Campaign,
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
    report: Report | None,
    told: dict[str, Any],
    hold: timedelta = timedelta(),
    shift: timedelta = timedelta(),
) -> Campaign:
    hold_audience(campaign.organization_id)
    campaign = reread(campaign, verb)
    # Before the campaign's row is held: whoever leaves just now has a recipient's row and waits for the campaign's.
    if shift:
        _shift(campaign, shift, now)
    set_first_due(campaign, now)
    campaign = reread(campaign, verb, lock=True)
    recheck(campaign, report)
    fetches = wants_fetch(campaign)
    until = now + hold if hold and not fetches else None
    fields: dict[str, Any] = {"started_at": campaign.started_at or now, "scheduled_at": None, "hold_until": until}
    fields["next_look_at"] = None  # an automatic one begins to look for people at once
    if campaign.status == CampaignStatus.FAILED:
        reopen(campaign, actor=actor, now=now)
    running = move(campaign, verb, to=CampaignStatus.RUNNING, actor=actor, now=now, reason=reason, told=told, **fields)
    Handover.objects.filter(campaign=running).update(retry_at=None)  # what was wrong may be mended
    if fetches:
        queue_fetch(running, actor=actor, now=now, then_send=True, hold=hold)
    else:
        open_job(running, actor, now)
    return running


def recheck(campaign: Campaign, report: Report | None) -> None:
    """Under the lock: what was checked is still what is there, and the quick check finds nothing."""
    if report is not None and (present := preflight.snapshot(campaign)) != report.snapshot:
        raise SnapshotChanged(preflight.what_changed(report.snapshot, present), present)
    blocking = [problem.as_dict() for problem in preflight.check(campaign)]
    if blocking:
        raise StartRefused(blocking)


def _shift(campaign: Campaign, by: timedelta, now: datetime) -> None:
    waiting = Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.DUE, next_send_at__isnull=False)
    waiting.update(next_send_at=F("next_send_at") + by, updated_at=now)


def open_job(campaign: Campaign, actor: Actor, now: datetime) -> None:
    """The job shows a run of sending; a pause ends one, a resume begins the next."""
    Job.objects.create(
        organization_id=campaign.organization_id,
        campaign=campaign,
        kind=JobKind.SEND,
        status=ProgressStatus.RUNNING,
        total=ledger(campaign).planned,
        done=campaign.emails_sent,
        created_by=actor.name,
        started_at=now,
        heartbeat_at=now,
    )
