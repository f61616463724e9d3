"""Enrollment on request: at once for few leads, by a job for many. Whoever asks does not wait for a batch."""

from datetime import datetime

from django.db import transaction

from campaigns.enrollment.enroll import EnrollmentResult, enroll, open_job, queue_rest
from campaigns.enrollment.select import Selection
from campaigns.enrollment.take_in import require_open
from campaigns.models import Campaign
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record

AT_ONCE = 5_000  # leads; well under a second


def ask_enrollment(*, campaign: Campaign, selection: Selection, actor: Actor, now: datetime) -> EnrollmentResult:
    """Enroll the selected leads as `enroll` does, up to AT_ONCE of them before it answers; more by a job of workers.

    What `enroll` refuses is refused at once either way.
    """
    if _is_small(campaign, selection, now):
        return enroll(campaign=campaign, selection=selection, actor=actor, now=now)
    with transaction.atomic():
        current = require_open(campaign)
        job = open_job(campaign=current, selection=selection, actor=actor)
        record(
            action="campaign.enrollment_asked",
            entity=current,
            organization_id=current.organization_id,
            actor=actor,
            after={"job": job.pk},
        )
        queue_rest(job.pk)
    return EnrollmentResult(job=job, **job.result)


def _is_small(campaign: Campaign, selection: Selection, now: datetime) -> bool:
    if selection.lead_ids is not None:
        return len(set(selection.lead_ids)) <= AT_ONCE
    return selection.leads_for(campaign, now=now)[: AT_ONCE + 1].count() <= AT_ONCE
