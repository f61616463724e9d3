"""What becomes of a campaign whose start waited for its people: it begins to send, or it fails."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from campaigns import preflight
from campaigns.enrollment.first_due import set_first_due
from campaigns.errors import FailCode, StartRefused
from campaigns.fetching.opened import end_fetch
from campaigns.lifecycle.begin import open_job, recheck
from campaigns.lifecycle.end import close_job
from campaigns.lifecycle.transitions import move_by_system
from campaigns.locks import AudienceTaken, is_audience_free, require_audience
from campaigns.models import Campaign, CampaignStatus, Job
from campaigns.models.campaign import CampaignQuerySet
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record
from campaigns_project.states import ProgressStatus

OnProgress = Callable[[int], object]
PATIENCE = timedelta(seconds=3)  # a batch of an enrollment takes less, and all mails were made for this


def begin_filled(*, job: Job, now: datetime, on_progress: OnProgress | None = None) -> bool:
    """Check every mail for those who were fetched, and let them leave; False when the campaign does not run any more.

    The fetch succeeds with it. StartRefused with what blocks, SnapshotChanged when content or audience became another
    meanwhile, AudienceTaken where somebody else enrolls in the organization; nothing was changed then.
    """
    campaign = _running(job).select_related("organization").first()
    if campaign is None:
        return False
    if not is_audience_free(campaign.organization_id):
        raise AudienceTaken  # before the mails of everybody are made for nothing
    report = preflight.examine(campaign, now=now, on_progress=on_progress)
    if report.blocking:
        raise StartRefused([problem.as_dict() for problem in report.blocking])
    return _go(job, report, now)


@transaction.atomic
def fail_by_system(
    *,
    job: Job,
    code: FailCode,
    message: str,
    error: str,
    now: datetime,
    fetch: ProgressStatus = ProgressStatus.FAILED,
) -> bool:
    """The campaign that waited for this fetch has failed, `message` being what operators read; False when it does not
    run any more. The fetch ends with it, as `fetch` says."""
    if not end_fetch(job, fetch, error_message=message):
        return False
    to, told = CampaignStatus.FAILED, {"job": job.pk}
    campaign = move_by_system(
        _running(job), to=to, code=code, message=message, error=error, now=now, told=told, failed_at=now
    )
    if campaign is None:
        return False
    close_job(campaign, now)
    return True


@transaction.atomic
def _go(job: Job, report: preflight.Report, now: datetime) -> bool:
    campaign = _running(job).select_related("organization").first()
    if campaign is None:
        return False
    require_audience(campaign.organization_id, patience=PATIENCE)
    if not end_fetch(job, ProgressStatus.SUCCEEDED):
        return False
    set_first_due(campaign, now)
    campaign = _running(job).select_related("organization").select_for_update(of=("self",), no_key=True).first()
    if campaign is None:
        transaction.set_rollback(True)
        return False
    recheck(campaign, report)
    hold = timedelta(seconds=job.state.get("hold", 0))
    _running(job).update(
        hold_until=now + hold if hold else None, status_message="", status_code="", status_error="", updated_at=now
    )
    campaign.refresh_from_db()
    record(
        action="campaign.filled",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=SYSTEM,
        after={"job": job.pk, "enrolled": job.result.get("enrolled"), "snapshot": report.snapshot},
    )
    open_job(campaign, SYSTEM, now)
    return True


def _running(job: Job) -> CampaignQuerySet:
    return Campaign.objects.running().filter(jobs=job)
