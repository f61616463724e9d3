"""Somebody booked a meeting: nothing more is sent to them, and the campaigns that led to it say so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from campaigns.enrollment.stop import stop_each, stop_recipients
from campaigns.locks import retried
from campaigns.models import Campaign, ExitReason, Recipient, RecipientStatus
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, StateRefused
from leads.models import Lead


@dataclass(frozen=True)
class Booked:
    """By number: the campaigns that were left, and those it counts for from now on."""

    left: list[int]
    counts: list[int]


def book(*, lead: Lead, actor: Actor, now: datetime, campaign: Campaign | None = None, reason: str = "") -> Booked:
    """`lead` booked a meeting: leaves every campaign of the organization that stops on a booking.

    It counts for the `campaign` named, and for those that were left; where there is neither, for the campaign that
    wrote last. A campaign whose stop on a booking is off goes on. StateRefused (`never_enrolled`) for somebody who was
    in no campaign, and (`already_booked`) where nothing would change; NotFound for a campaign they were never in.

    It waits for nobody who enrolls: whoever was put into a campaign meanwhile leaves it right behind.
    """
    booked = _book(lead, actor=actor, now=now, campaign=campaign, reason=reason)
    if not _came_meanwhile(lead, at=timezone.now()):
        return booked
    try:
        more = _book(lead, actor=actor, now=now, campaign=None, reason=reason)
    except StateRefused:
        return booked  # they have left again for something else
    return Booked(left=sorted({*booked.left, *more.left}), counts=sorted({*booked.counts, *more.counts}))


@retried
@transaction.atomic
def _book(lead: Lead, *, actor: Actor, now: datetime, campaign: Campaign | None, reason: str) -> Booked:
    held = _hold(lead)
    if not held:
        message = f"Lead {lead.pk} was never in a campaign, so there is nothing to leave."
        raise StateRefused("never_enrolled", message, "Write a note on the lead, or suppress the address.")
    named = [each for each in held if campaign is not None and each.campaign_id == campaign.pk]
    if campaign is not None and not named:
        raise NotFound("not_found", f"Lead {lead.pk} is not in campaign {campaign.pk}.")
    leaving = [each for each in held if each.status in RecipientStatus.IN and each.campaign.stop_on_booking]
    new = [each for each in named or leaving or [_written_to_last(held)] if each.booked_at is None]
    new += [each for each in leaving if each.booked_at is None and each not in new]
    if not new and not leaving:
        raise StateRefused("already_booked", f"That lead {lead.pk} booked a meeting is known already.")
    Recipient.objects.filter(pk__in=[each.pk for each in new]).update(booked_at=now, updated_at=now)
    stop_each({each.pk: ExitReason.BOOKED for each in leaving}, at=now)
    count_bookings(new)
    left = _campaigns(leaving)
    record(
        action="lead.booked",
        entity=lead,
        organization_id=lead.organization_id,
        actor=actor,
        after={"campaigns": len(left), "counted": len(new), "campaign": campaign.pk if campaign else None},
        reason=reason,
    )
    return Booked(left=left, counts=_campaigns(new))


def _came_meanwhile(lead: Lead, *, at: datetime) -> bool:
    """Whether an enrollment that could not know of the booking, since it began before `at`, has put them in."""
    inside = Recipient.objects.living().inside().filter(lead=lead, campaign__stop_on_booking=True)
    return inside.filter(created_at__lte=at).exists()


def release_booked(*, campaign_id: int | None, came_at: datetime, at: datetime) -> int:
    """Those whom the enrollment of `came_at` put into the campaign, and who had booked in that moment, leave it.

    The other half of what `book` does: of the two, whoever comes second sees what the first has done.
    """
    booked = Recipient.objects.filter(lead=OuterRef("lead"), booked_at__isnull=False)
    came = Recipient.objects.inside().filter(Exists(booked), campaign=campaign_id, created_at=came_at)
    return stop_recipients(list(came.values_list("pk", flat=True)), reason=ExitReason.BOOKED, at=at)


@retried
@transaction.atomic
def take_back_booking(*, lead: Lead, actor: Actor, now: datetime, reason: str = "") -> int:
    """It was a mistake: the booking counts nowhere any more; how many campaigns it had counted for.

    Nobody is put back by it. StateRefused (`not_booked`) where there is none.
    """
    booked = [each for each in _hold(lead) if each.booked_at is not None]
    if not booked:
        raise StateRefused("not_booked", f"That lead {lead.pk} booked a meeting was never noted.")
    Recipient.objects.filter(pk__in=[each.pk for each in booked]).update(booked_at=None, updated_at=now)
    count_bookings(booked, by=-1)
    record(
        action="lead.booking_taken_back",
        entity=lead,
        organization_id=lead.organization_id,
        actor=actor,
        before={"counted": len(booked)},
        reason=reason,
    )
    return len(booked)


def count_bookings(recipients: Iterable[Recipient], *, by: int = 1) -> None:
    """Count them in their campaigns, each of which has one of them."""
    for campaign in _campaigns(recipients):
        Campaign.objects.filter(pk=campaign).update(booked_count=F("booked_count") + by)


def _hold(lead: Lead) -> list[Recipient]:
    """The lead in every campaign; nobody else changes where, until the transaction ends. Campaigns after recipients."""
    rows = Recipient.objects.living().filter(lead=lead).select_related("campaign").order_by("pk")
    held = list(rows.select_for_update(of=("self",), no_key=True))
    counted = Campaign.objects.filter(pk__in=[each.campaign_id for each in held]).order_by("pk")
    list(counted.select_for_update(no_key=True).values_list("pk"))
    return held


def _written_to_last(held: list[Recipient]) -> Recipient:
    return max(held, key=lambda each: (each.sent_at is not None, each.sent_at or each.created_at, each.pk))


def _campaigns(recipients: Iterable[Recipient]) -> list[int]:
    return sorted({each.campaign_id for each in recipients})
