"""How a plan stands: what its campaigns brought against the target, when each runs, and weeks that ask for too much."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from campaigns.models import Campaign, CampaignPlan, CampaignStatus, PlanMetric, Sender, SenderStatus
from campaigns.ops.forecast import due_campaigns_of, forecast
from campaigns.scheduling.clock import MIDNIGHT, moment_of
from campaigns.scheduling.window import is_sending_day
from campaigns.sending.limits import most_on_day
from campaigns_project.accounts.timezones import zone_of

LOOKS_AHEAD = timedelta(days=83)  # twelve weeks: nobody knows who waits then
COUNTERS = {
    PlanMetric.REPLIES: "emails_replied",
    PlanMetric.REACHED: "recipients_reached",
    PlanMetric.SENT: "emails_sent",
    PlanMetric.BOOKED: "booked_count",
}


@dataclass(frozen=True)
class Strip:
    """One campaign on the plan's line of time, in per cent of it; None where it was not started or scheduled."""

    campaign: Campaign
    starts_on: date | None
    ends_on: date | None
    left: float
    width: float


@dataclass(frozen=True)
class Conflict:
    """A week in which the plan's mails are more than its senders may send."""

    year: int
    week: int
    starts_on: date
    needs: int
    allowed: int

    @property
    def sentence(self) -> str:
        return f"Week {self.week} needs {self.needs:,} mails, senders allow {self.allowed:,}."


@dataclass(frozen=True)
class PlanStanding:
    """`actual` is the sum of the campaigns' counters; `is_partial` where more mail waits than was counted."""

    actual: int | None
    target: int | None
    touches: int
    budget: int | None
    strips: Sequence[Strip]
    conflicts: Sequence[Conflict]
    is_partial: bool

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "actual": self.actual,
            "target": self.target,
            "touches": self.touches,
            "budgeted_touches": self.budget,
            "campaigns": [
                {"id": strip.campaign.pk, "name": strip.campaign.name, "status": strip.campaign.status,
                 "starts_on": strip.starts_on, "ends_on": strip.ends_on}
                for strip in self.strips
            ],
            "conflicts": [
                {"year": one.year, "week": one.week, "starts_on": one.starts_on, "needs": one.needs,
                 "allowed": one.allowed, "sentence": one.sentence}
                for one in self.conflicts
            ],
            "is_partial": self.is_partial,
        }  # fmt: skip


def standing(plan: CampaignPlan, *, now: datetime) -> PlanStanding:
    """How `plan` (read with its organization) stands. Five queries, however large its campaigns."""
    campaigns = list(Campaign.objects.living().filter(plan=plan).select_related("organization").order_by("pk"))
    counter = COUNTERS.get(plan.target_metric)  # type: ignore[call-overload]
    conflicts, is_partial = _conflicts(plan, campaigns, now)
    return PlanStanding(
        actual=sum(getattr(campaign, counter) for campaign in campaigns) if counter else None,
        target=plan.target_value,
        touches=sum(campaign.emails_sent for campaign in campaigns),
        budget=plan.budgeted_touches,
        strips=[_strip(plan, campaign, now) for campaign in campaigns],
        conflicts=conflicts,
        is_partial=is_partial,
    )


def _strip(plan: CampaignPlan, campaign: Campaign, now: datetime) -> Strip:
    zone = zone_of(plan.organization.timezone)
    begins = campaign.started_at or campaign.scheduled_at
    if begins is None:
        return Strip(campaign, None, None, 0, 0)
    is_over = campaign.status in CampaignStatus.ended
    ends = (campaign.completed_at or campaign.updated_at) if is_over else None
    first = begins.astimezone(zone).date()
    last = ends.astimezone(zone).date() if ends else None
    whole = (plan.ends_on - plan.starts_on).days + 1
    shown_last = last or max(now.astimezone(zone).date(), first)
    left = min(max((first - plan.starts_on).days, 0), whole)
    right = min(max((shown_last - plan.starts_on).days + 1, 0), whole)
    return Strip(campaign, first, last, 100 * left / whole, 100 * max(right - left, 0) / whole)


def _conflicts(plan: CampaignPlan, campaigns: Sequence[Campaign], now: datetime) -> tuple[list[Conflict], bool]:
    zone = zone_of(plan.organization.timezone)
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    last = min(plan.ends_on + timedelta(days=6 - plan.ends_on.weekday()), today + LOOKS_AHEAD)
    mine = Campaign.objects.filter(pk__in=[campaign.pk for campaign in campaigns])
    waiting = due_campaigns_of(mine, now=now)
    expected = forecast(waiting, first=today, last=last, zone=zone, now=now)
    senders = list(
        Sender.objects.filter(status=SenderStatus.ACTIVE, campaign_senders__campaign__in=waiting)
        .defer(*Sender.SECRETS)
        .distinct()
    )
    by_week: Counter[date] = Counter()
    for day, number in expected.by_day.items():
        by_week[day - timedelta(days=day.weekday())] += number
    weeks = [monday + timedelta(weeks=offset) for offset in range((last - monday).days // 7 + 1)]
    allowed = {week: _allowed(senders, waiting, max(week, today), week + timedelta(days=6)) for week in weeks}
    return [
        Conflict(week.isocalendar().year, week.isocalendar().week, week, by_week[week], most)
        for week, most in allowed.items()
        if most is not None and by_week[week] > most
    ], expected.is_partial


def _allowed(senders: Sequence[Sender], campaigns: Sequence[Campaign], first: date, last: date) -> int | None:
    """What the senders may send from day to day, on days on which any of the campaigns may; None without a limit."""
    total = 0
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if not any(is_sending_day(campaign, day) for campaign in campaigns):
            continue
        for sender in senders:
            most = most_on_day(sender, moment_of(day, MIDNIGHT, zone_of(sender.timezone)))
            if most is None:
                return None
            total += most
    return total


def campaigns_by_plan(plans: Sequence[CampaignPlan]) -> Mapping[int, int]:
    """How many campaigns are in each."""
    found = Campaign.objects.living().filter(plan__in=plans).order_by().values_list("plan", flat=True)
    return Counter(pk for pk in found if pk is not None)
