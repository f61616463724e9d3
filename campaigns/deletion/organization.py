"""Erase a whole organization: its campaigns one by one, then everything else it has, then itself."""

import time
from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from campaigns.deletion.blockers import blockers_of_organization
from campaigns.deletion.counting import count_beneath, missing_tables
from campaigns.deletion.errors import AlreadyDeleting, DeletionBlocked
from campaigns.deletion.impact import Impact
from campaigns.deletion.preview import QUEUED
from campaigns.deletion.queued import queued_tasks
from campaigns.deletion.relations import label_of, tree_of
from campaigns.deletion.request import (
    AT_ONCE,
    SMALL,
    as_dicts,
    enqueue,
    first_state,
    require_confirmation,
    require_unchanged,
)
from campaigns.deletion.turn import Overtaken, Turn
from campaigns.deletion.work import (
    actor_of,
    begin,
    check_nothing_is_left,
    clear_campaign,
    conclude,
    held,
    open_jobs,
    remove_campaign,
    remove_leftovers,
    subject_of,
)
from campaigns.locks import hold_audience, retried
from campaigns.models import Campaign, CampaignTombstone, Job, JobKind
from campaigns_project.accounts.models import Membership, Organization, ServiceAccount, User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound
from campaigns_project.idempotency.models import IdempotentRequest

USERS = "users"  # those behind service accounts


def preview_organization(*, organization: Organization, now: datetime) -> Impact:
    """Count everything the organization has. Changes nothing. SchemaIncomplete as for a campaign."""
    began = time.monotonic()
    tree = tree_of(Organization)
    campaigns = Campaign.objects.for_organization(organization).values_list("pk", flat=True)
    counts = count_beneath(tree, organization.pk)
    integrations = counts[label_of(ServiceAccount._meta.db_table)]
    return Impact(
        subject=f"organization {organization.pk}",
        removed={**counts, USERS: integrations, QUEUED: len(queued_tasks(campaigns))},
        stays={
            "people": User.objects.people().filter(memberships__organization=organization).count(),
            "tombstones": CampaignTombstone.objects.for_organization(organization).count(),
            "audit_entries": AuditLog.objects.for_organization(organization).count(),
        },
        blockers=blockers_of_organization(organization, tree),
        missing=missing_tables(tree),
        counted_at=now,
        seconds=round(time.monotonic() - began, 3),
    )


def request_erasure(
    *,
    organization: Organization,
    confirm_name: str,
    token: str,
    reason: str,
    actor: Actor,
    now: datetime,
    by_worker: bool = True,
) -> Job:
    """Shut everybody out, hide its campaigns and have it all erased; a small one is gone when this returns.

    The job belongs to no organization; `job.subject_ref` is the number of the one it erases. Suppressions go as well:
    with the organization nobody is left who could write. Its audit entries and the tombstones of its campaigns stay,
    and so do people, as accounts that are in it no more; the users behind its API keys go.

    Refused, and nothing changed, as `request_deletion`.
    """
    organization = _reread(organization)
    require_confirmation(name=organization.name, confirm_name=confirm_name, reason=reason)
    impact = preview_organization(organization=organization, now=now)
    require_unchanged(impact, token)
    job = _shut(organization, impact, reason=reason.strip(), actor=actor, now=now)
    if impact.total <= SMALL:
        erase_some(job_id=job.pk, now=now, budget=AT_ONCE)
        job.refresh_from_db()
    elif by_worker:
        enqueue(job.pk)
    return job


def erase_some(*, job_id: int, now: datetime, budget: timedelta) -> bool:
    """Go on with an erasure for `budget`; True when there is more to do. Of two that work at once one gives up."""
    with held(job_id) as is_ours:
        job = begin(JobKind.ERASE, job_id, now) if is_ours else None
        if job is None:
            return False
        turn = Turn.of(job, budget)
        try:
            return not (_erase_campaigns(turn) and _erase_the_rest(turn) and _end(turn))
        except Overtaken:
            return False


def open_erasure(organization_id: int) -> Job | None:
    """The erasure of this organization that is queued or under way."""
    return open_jobs(JobKind.ERASE).filter(subject_ref=organization_id).first()


def _reread(organization: Organization) -> Organization:
    current = Organization.objects.filter(pk=organization.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no organization {organization.pk} any more.")
    job = open_erasure(current.pk)
    if job:
        raise AlreadyDeleting(job.pk)
    return current


@transaction.atomic
def _shut(organization: Organization, impact: Impact, *, reason: str, actor: Actor, now: datetime) -> Job:
    """From here on nobody of it gets in, and none of its campaigns shows or starts."""
    hold_audience(organization.pk)
    list(Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk))
    _reread(organization)
    blockers = blockers_of_organization(organization, tree_of(Organization))
    if blockers:
        raise DeletionBlocked(as_dicts(blockers))
    _campaigns(organization.pk).filter(deleting_at=None).update(deleting_at=now, updated_at=now)
    subject = {"id": organization.pk, "slug": organization.slug, "name": organization.name}
    job = Job.objects.create(
        organization=None,
        kind=JobKind.ERASE,
        subject_ref=organization.pk,
        total=impact.total,
        state=first_state(reason=reason, actor=actor, **subject),
        result={"subject": subject},
        created_by=actor.name,
    )
    _shut_out(Turn.of(job, timedelta()), organization.pk)
    record(
        action="organization.erasure_requested",
        entity=organization,
        organization_id=organization.pk,
        actor=actor,
        after={"job": job.pk, "removes": impact.removed},
        reason=reason,
    )
    return job


def _shut_out(turn: Turn, organization_id: int) -> None:
    """Take away every membership and every API key, with the user behind it."""
    users = User.objects.filter(service_account__organization=organization_id)
    accounts = ServiceAccount.objects.filter(organization=organization_id)
    gone = {
        # They would go with the users, and nobody would have counted them.
        IdempotentRequest._meta.db_table: IdempotentRequest.objects.filter(user__in=users).delete()[0],
        Membership._meta.db_table: Membership.objects.filter(organization=organization_id).delete()[0],
        ServiceAccount._meta.db_table: accounts.count(),
        User._meta.db_table: users.delete()[1].get(User._meta.label, 0),
    }
    turn.job.state = turn.note(Counter(gone))


def _campaigns(organization_id: int) -> QuerySet[Campaign]:
    return Campaign.objects.filter(organization=organization_id).order_by("pk")


def _erase_campaigns(turn: Turn) -> bool:
    """Each by the steps of its own deletion, with its own tombstone; False when the time was over first."""
    for pk in list(_campaigns(subject_of(turn.job)).values_list("pk", flat=True)):
        if not clear_campaign(turn, pk):
            return False
        _remove(turn, pk)
    return True


@retried
@transaction.atomic
def _remove(turn: Turn, campaign_id: int) -> None:
    with turn.kept_on_error():
        remove_campaign(turn, campaign_id)


def _erase_the_rest(turn: Turn) -> bool:
    """Everything but campaigns; False when the time was over first, or a campaign was made meanwhile.

    A campaign goes by `_erase_campaigns` alone: in a batch of rows its tombstone would say neither who nor why.
    """
    turn.part = None
    pk = subject_of(turn.job)
    return not _campaigns(pk).exists() and turn.clear(tree_of(Organization), pk, without=Campaign._meta.db_table)


@retried
@transaction.atomic
def _end(turn: Turn) -> bool:
    """The organization's row, once nothing hangs on it; False when a campaign was made meanwhile."""
    pk = subject_of(turn.job)
    tree = tree_of(Organization)
    organization = Organization.objects.select_for_update().filter(pk=pk).first()
    if _campaigns(pk).exists():
        return False
    with turn.kept_on_error():
        _shut_out(turn, pk)
        remove_leftovers(turn, tree, pk)
        turn.job.state = turn.note_rows(tree.root, Organization.objects.filter(pk=pk).delete()[0])
        check_nothing_is_left(turn, tree, pk)
    record(
        action="organization.erased",
        entity=organization or Organization(pk=pk, name=turn.job.state["subject"]["name"]),
        organization_id=pk,
        actor=actor_of(turn.job),
        after={"job": turn.job.pk, "removed": turn.job.state["removed"], "failures": sorted(turn.failures)},
        reason=turn.job.state["reason"],
    )
    conclude(turn)
    return True
