"""Merge one lead into another: what is known of both stays with the one, and nobody gets a mail twice for it."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from campaigns.enrollment import stop_recipients
from campaigns.locks import hold_audience, retried
from campaigns.models import Campaign, ExitReason, Message, Recipient
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused
from leads.changing import change_lead
from leads.models import ChangeSource, Lead, LeadAlias
from leads.suppression import GIVEN_UP
from tracking.locks import hold_against_deletion
from tracking.merging.choosing import values_to_write
from tracking.merging.consequences import carry_suppressions, stop_where_forbidden
from tracking.merging.folding import fold
from tracking.merging.plan import Fate, FateCode, MergePlan, plan_merge, tags_of
from tracking.merging.rows import move_rows


def preview_merge(*, keep: Lead, other: Lead, choices: Mapping[str, str] | None = None, now: datetime) -> MergePlan:
    """What `merge_leads` would do; writes nothing. Refused as it would be, but for what `refusal` of the plan says."""
    _require_two(keep, other)
    return plan_merge(keep=keep, other=other, choices=choices or {}, now=now)


@retried
@transaction.atomic
def merge_leads(
    *, keep: Lead, other: Lead, choices: Mapping[str, str] | None = None, actor: Actor, now: datetime
) -> MergePlan:
    """Put everything about `other` to `keep` and remove `other`; answers what was done.

    `keep` has its own values, and those of `other` where it has none, unless `choices` says by field which. The number
    and address of `other` lead to `keep` from then on. Whoever of the two is out for good takes the other along, but
    for a dead address, which says nothing of the other one. A person active in two campaigns stays in that of `keep`.
    Refused while a mail to either is with a worker, and while one in a campaign of both waits for a decision.
    """
    _require_two(keep, other)
    keep, other = _hold(keep, other)
    plan = plan_merge(keep=keep, other=other, choices=choices or {}, now=now)
    if plan.refusal is not None:
        raise plan.refusal
    _move_enrollments(plan, now)
    move_rows(keep=keep, other=other)
    _remember(keep, other)
    Lead.objects.filter(pk=other.pk).delete()
    change_lead(
        lead=keep,
        values=values_to_write(keep, plan.fields),
        tags=[*tags_of(keep), *plan.tags],
        source=ChangeSource.MERGE,
        actor=actor,
    )
    carry_suppressions(keep=keep, other=other, carried=plan.carried, actor=actor, now=now)
    stop_where_forbidden(keep=keep, now=now)
    _record(plan, actor)
    return plan


def _require_two(keep: Lead, other: Lead) -> None:
    if keep.pk == other.pk:
        raise Refused("same_lead", "A lead cannot be merged with itself.", "Name another one.", {"field": "other"})
    if keep.organization_id != other.organization_id:
        raise NotFound("not_found", f"There is no lead {other.pk}.")


def _hold(keep: Lead, other: Lead) -> tuple[Lead, Lead]:
    """Lock all that counts on either, in the order all of us keep; the two as they are then.

    Nobody enrolls, starts or stops meanwhile, and no worker claims a mail of theirs: claims pass by what is locked.
    """
    hold_audience(keep.organization_id)
    theirs = Recipient.objects.filter(lead__in=[keep, other])
    campaigns = sorted(set(theirs.values_list("campaign_id", flat=True)))
    hold_against_deletion(campaigns)
    recipients = list(theirs.order_by("pk").select_for_update().values_list("pk", flat=True))
    list(Message.objects.filter(recipient__in=recipients).order_by("pk").select_for_update().values_list("pk"))
    list(Campaign.objects.filter(pk__in=campaigns).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    people = Lead.objects.select_related("organization").filter(pk__in=[keep.pk, other.pk])
    found = {lead.pk: lead for lead in people.order_by("pk").select_for_update(of=("self",))}
    for lead in (keep, other):
        if lead.pk not in found:
            raise NotFound("not_found", f"There is no lead {lead.pk} any more.")
    return found[keep.pk], found[other.pk]


def _move_enrollments(plan: MergePlan, now: datetime) -> None:
    ending = [fate.recipient.pk for fate in plan.fates if fate.code == FateCode.ENDS]
    why = f"Merged with lead {plan.keep.pk}, which is active in another campaign."
    stop_recipients(ending, reason=ExitReason.DE_ENROLLED, at=now, error=why)
    for fate in plan.fates:
        if fate.pair is not None:
            fold(fate.pair, keep=plan.keep, other=plan.other, now=now)
        else:
            _move(fate, plan.keep)


def _move(fate: Fate, keep: Lead) -> None:
    """Whoever waits for the first mail gets it at the address that stays; a thread goes on where it began."""
    moving = Recipient.objects.filter(pk=fate.recipient.pk)
    moving.update(lead=keep)
    if not Message.objects.filter(recipient=fate.recipient, attempted_at__isnull=False).exists():
        moving.inside().update(email_address=keep.email)


def _remember(keep: Lead, other: Lead) -> None:
    """An address has one alias: an earlier lead that had it too keeps its number alone."""
    aliases = LeadAlias.objects.filter(organization=keep.organization, email_normalized=other.email_normalized)
    for earlier in aliases:
        LeadAlias.objects.filter(pk=earlier.pk).update(email_normalized=GIVEN_UP.format(earlier.old_id))
    LeadAlias.objects.create(
        organization=keep.organization, lead=keep, old_id=other.pk, email_normalized=other.email_normalized
    )


def _record(plan: MergePlan, actor: Actor) -> None:
    record(
        action="lead.merged",
        entity=plan.keep,
        organization_id=plan.keep.organization_id,
        actor=actor,
        after={"merged_lead": plan.other.pk, "moved": sum(plan.counts.values()), "campaigns": len(plan.fates)},
    )
