"""What the gates are judged by, read at once: a fixed number of small queries, whatever the campaign's size."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, Max, Min, OuterRef, QuerySet
from django.db.models.functions import Now

from campaigns.fetching.opened import STARTING
from campaigns.halts import halts_over
from campaigns.models import (
    Campaign,
    DeliveredBy,
    Job,
    Lease,
    Message,
    MessageStatus,
    Recipient,
    RecipientStatus,
    Sender,
    SendingHalt,
    Variant,
)
from campaigns.providers.instantly.standing import Delivery, delivery_of
from campaigns.sending.limits import Gauge, LimitCode, room
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind

MOST_COUNTED = 10_000  # who is due is counted no further: the sentence says “10,000 or more”


@dataclass(frozen=True)
class Facts:
    """A campaign and what is around it at `now`. `workers` has the seconds since each kind was seen last."""

    campaign: Campaign
    now: datetime
    halts: list[SendingHalt]
    senders: list[Sender]
    wordless_steps: list[int]
    first_due_at: datetime | None
    due: int
    in_flight: int
    uncertain: int
    workers: Mapping[str, float]
    gauges: list[Gauge]
    follow_ups_due: bool
    fetch: Job | None = None  # which the start waits for
    delivery: Delivery | None = None  # by Instantly


def facts_of(campaign: Campaign, *, now: datetime, domain: str = "") -> Facts:
    """Read them: eight queries, and a few more where something is limited, leads are fetched or Instantly delivers.

    `domain` is the one a mail goes to.
    """
    senders = list(Sender.objects.filter(campaign_senders__campaign=campaign).defer(*Sender.SECRETS).order_by("pk"))
    in_flight = Lease.objects.filter(campaign=campaign).mails().count()
    gauges = room(campaign, senders, now=now, domain=domain)
    return Facts(
        campaign=campaign,
        now=now,
        halts=list(halts_over([campaign.organization_id])),
        senders=senders,
        wordless_steps=_wordless_steps(campaign),
        first_due_at=_waiting(campaign).aggregate(at=Min("next_send_at"))["at"],
        due=_due(campaign, in_flight, now),
        in_flight=in_flight,
        uncertain=_uncertain(campaign),
        workers=_workers(),
        gauges=gauges,
        follow_ups_due=_follow_ups_due(campaign, gauges, now),
        fetch=Job.objects.filter(STARTING, campaign=campaign).first() if campaign.lead_source else None,
        delivery=delivery_of(campaign) if campaign.delivered_by == DeliveredBy.INSTANTLY else None,
    )


def _waiting(campaign: Campaign) -> QuerySet[Recipient]:
    return Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.DUE)


def _due(campaign: Campaign, in_flight: int, now: datetime) -> int:
    """Those whose hour has come, less those whose mail is with a worker: they are due until it is settled."""
    due = _waiting(campaign).filter(next_send_at__lte=now)[: MOST_COUNTED + in_flight].count()
    return max(0, due - in_flight)


def _follow_ups_due(campaign: Campaign, gauges: list[Gauge], now: datetime) -> bool:
    """Whether somebody who had a mail is due; asked only where no first mail may leave any more today."""
    if not any(gauge.code == LimitCode.CAMPAIGN_NEW_LEADS and gauge.is_full for gauge in gauges):
        return True
    return _waiting(campaign).filter(status=RecipientStatus.SENT, next_send_at__lte=now).exists()


def _wordless_steps(campaign: Campaign) -> list[int]:
    """The positions of steps that nobody can get, since all their wordings are switched off."""
    active = Variant.objects.filter(step=OuterRef("pk"), is_active=True)
    return list(campaign.steps.filter(~Exists(active)).order_by("position").values_list("position", flat=True))


def _uncertain(campaign: Campaign) -> int:
    """Those that hold back their recipient, which is how they are found: messages have no index by status."""
    held = Message.objects.filter(recipient__campaign=campaign, recipient__status=RecipientStatus.PAUSED)
    return held.filter(status=MessageStatus.UNCERTAIN).count()


def _workers() -> dict[str, float]:
    kinds = WorkerHeartbeat.objects.filter(kind__in=[WorkerKind.QCLUSTER, WorkerKind.TICK]).order_by()
    ages = kinds.values_list("kind").annotate(age=Now() - Max("seen_at"))
    return {kind: max(0.0, age.total_seconds()) for kind, age in ages}
