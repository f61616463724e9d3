"""What the campaigns of a plan brought from day to day, added up: is it on its way to what was planned?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

from django.db.models import Count, F, Sum

from campaigns.models import CampaignPlan, PlanMetric, Recipient
from campaigns_project.accounts.timezones import zone_of
from tracking.analytics.clock import day_of
from tracking.models import CampaignDay

NUMBERS = {PlanMetric.REPLIES: "replied", PlanMetric.REACHED: "reached", PlanMetric.SENT: "sent"}


@dataclass(frozen=True)
class BurnUp:
    """`done` has what was reached by the end of each day from the first on, `before` what there was when it began."""

    what: str
    planned: int
    first: date
    last: date
    before: int
    done: Sequence[int]

    @property
    def today(self) -> date:
        """The day of the newest number: the present one, or the plan's last."""
        return self.first + timedelta(days=len(self.done) - 1)

    @property
    def length(self) -> int:
        """Days of the plan."""
        return (self.last - self.first).days + 1

    def planned_by(self, day: date) -> float:
        """What a steady pace would have brought by the end of `day`."""
        return self.planned * ((day - self.first).days + 1) / self.length


def burn_up(plan: CampaignPlan, *, now: datetime) -> BurnUp | None:
    """Of the plan's target, or else its budget of mails; None where it has neither, or has not begun.

    Days are those of each campaign's own time zone. One query, of rows that are counted anyway; bookings, which are
    few, are counted themselves.
    """
    metric, planned, what = _aim(plan)
    today = min(now.astimezone(zone_of(plan.organization.timezone)).date(), plan.ends_on)
    if not planned or today < plan.starts_on:
        return None
    found = {day: number for day, number in _by_day(plan, metric) if day <= today}
    before = sum(number for day, number in found.items() if day < plan.starts_on)
    dates = [plan.starts_on + timedelta(days=number) for number in range((today - plan.starts_on).days + 1)]
    done = list(accumulate((found.get(day, 0) for day in dates), initial=before))[1:]
    return BurnUp(what, planned, plan.starts_on, plan.ends_on, before, done)


def _by_day(plan: CampaignPlan, metric: str) -> Iterable[tuple[date, int]]:
    if metric == PlanMetric.BOOKED:
        booked = Recipient.objects.living().filter(campaign__plan=plan, booked_at__isnull=False).order_by()
        return booked.values_list(day_of(F("booked_at"))).annotate(Count("pk"))
    days = CampaignDay.objects.living().filter(campaign__plan=plan).order_by()
    return days.values_list("day").annotate(Sum(NUMBERS[PlanMetric(metric)]))


def _aim(plan: CampaignPlan) -> tuple[str, int, str]:
    """The number that is looked at, how much of it was planned, and what it is called."""
    if plan.target_value:
        return plan.target_metric, plan.target_value, plan.get_target_metric_display()
    return PlanMetric.SENT, plan.budgeted_touches or 0, str(PlanMetric.SENT.label)
