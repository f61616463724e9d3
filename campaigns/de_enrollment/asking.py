"""A run is asked for: by a person, a key or a command, and by the tick for every organization that sends."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Now
from django_q.tasks import async_task

from campaigns.models import Campaign, CampaignStatus, DeEnrollmentRun
from campaigns.task_names import SWEEP
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused, StateRefused
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.subjects import waiting_for
from leads.models import Lead

EVERY = timedelta(minutes=1)
SHARE = 20  # a sweep that took a second is made at most every 20: it goes through everybody who is in
LONGEST_WAIT = timedelta(minutes=10)  # whatever the last one took: its worker may have been away for a night
STALE_AFTER = timedelta(minutes=2)  # a batch takes well under a second: whose worker was silent for longer is dead
MOST_NAMED = 100_000


@transaction.atomic
def ask_for_run(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    campaign: Campaign | None = None,
    lead_ids: Collection[int] | None = None,
    dry_run: bool = False,
    reason: str = "",
    in_background: bool = True,
) -> DeEnrollmentRun:
    """A run over all campaigns of `organization` that have not ended, or over one; with `lead_ids` these people leave.

    A worker carries it out, unless the caller does (`in_background`). With `dry_run` nobody is taken out, and the run
    says who would be. Refused for nobody, too many, and numbers that are not leads of the organization; StateRefused
    for a campaign that has ended.
    """
    people = sorted(set(lead_ids)) if lead_ids is not None else []
    if lead_ids is not None:
        _check_people(organization, people)
    if campaign is not None:
        _check_campaign(campaign)
    run = DeEnrollmentRun.objects.create(
        organization=organization,
        campaign=campaign,
        lead_ids=people,
        is_dry_run=dry_run,
        reason=reason.strip()[:300],
        asked_by=actor.name[:254],
        created_at=now,
        heartbeat_at=now,
    )
    told = {"dry_run": dry_run, "campaign": campaign.pk if campaign else None, "leads": people[:100]}
    record(
        action="deenrollmentrun.asked",
        entity=run,
        organization_id=organization.pk,
        actor=actor,
        after={**told, "people": len(people)} if people else told,
        reason=reason,
    )
    if in_background:
        enqueue(run.pk)
    return run


def sweep_by_itself(*, now: datetime) -> int:
    """Queue a sweep for every organization whose last one is old enough, and go on with runs of dead workers; how many.

    Of two who ask at once one does: the database keeps one automatic run at a time.
    """
    stale = DeEnrollmentRun.objects.filter(status__in=ProgressStatus.active, heartbeat_at__lt=Now() - STALE_AFTER)
    numbers, asked = list(stale.values_list("pk", flat=True)), 0
    waiting = waiting_for(SWEEP) if numbers else set()
    for number in [each for each in numbers if each not in waiting]:
        if stale.filter(pk=number).update(heartbeat_at=Now()):
            enqueue(number)
            asked += 1
    return asked + sum(_ask_for_sweep(organization, now) for organization in _due(now))


def enqueue(run_id: int) -> None:
    """Queue a turn of the run, once the present transaction has committed."""
    transaction.on_commit(partial(async_task, SWEEP, run_id, q_options={"task_name": f"de-enrollment {run_id}"}))


def _due(now: datetime) -> list[Organization]:
    """Those where somebody is in a campaign, no sweep is open, and the last one was long enough ago."""
    sending = Campaign.objects.living().filter(status__in=CampaignStatus.editable, active_leads_count__gt=0)
    automatic = DeEnrollmentRun.objects.filter(organization=OuterRef("pk"), is_automatic=True)
    last = automatic.order_by("-pk")
    found = Organization.objects.filter(Exists(sending.filter(organization=OuterRef("pk")))).annotate(
        last_began=Subquery(last.values("started_at")[:1]), last_ended=Subquery(last.values("finished_at")[:1])
    )
    found = found.exclude(Exists(automatic.filter(status__in=ProgressStatus.active)))
    return [each for each in found if _is_due(each.last_began, each.last_ended, now)]


def _is_due(began: datetime | None, ended: datetime | None, now: datetime) -> bool:
    if ended is None:
        return True
    wait = EVERY if began is None else min(max(EVERY, SHARE * (ended - began)), LONGEST_WAIT)
    return now >= ended + wait


@transaction.atomic
def _ask_for_sweep(organization: Organization, now: datetime) -> bool:
    made = DeEnrollmentRun(
        organization=organization, is_automatic=True, asked_by=SYSTEM.name, created_at=now, heartbeat_at=now
    )
    DeEnrollmentRun.objects.bulk_create([made], ignore_conflicts=True)
    run = DeEnrollmentRun.objects.filter(
        organization=organization, is_automatic=True, status=ProgressStatus.QUEUED, created_at=now
    ).first()
    if run is None:
        return False
    enqueue(run.pk)
    return True


def _check_people(organization: Organization, people: list[int]) -> None:
    if not people:
        raise Refused(
            "nobody_named", "Nobody is named.", "Leave them out to sweep, or name somebody.", {"field": "leads"}
        )
    if len(people) > MOST_NAMED:
        raise Refused(
            "too_many_named", f"At most {MOST_NAMED:,} people at once.", "Do it in parts.", {"field": "leads"}
        )
    there = set(Lead.objects.for_organization(organization).filter(pk__in=people).values_list("pk", flat=True))
    gone = [number for number in people if number not in there]
    if gone:
        named = ", ".join(map(str, gone[:5])) + (" and others" if len(gone) > 5 else "")
        raise NotFound("lead_not_found", f"There is no lead {named} in {organization}.", "", {"field": "leads"})


def _check_campaign(campaign: Campaign) -> None:
    current = Campaign.objects.living().filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if current.status not in CampaignStatus.editable:
        raise StateRefused(
            "campaign_ended", f"“{current}” is {current.status}: nobody is in it.", "Choose one that has not ended."
        )
