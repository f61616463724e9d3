"""The page of a plan with what its campaigns brought from day to day."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from campaigns.admin.plans import CampaignPlanAdmin, number_of
from campaigns.models import CampaignPlan
from tracking.analytics.plan_days import BurnUp, burn_up

WIDTH, HEIGHT, EDGE = 640, 160, 6
ON_PACE = 0.5  # of one: less than that is neither ahead nor behind


@admin.register(CampaignPlan)
class PlanPageAdmin(CampaignPlanAdmin):
    """The pages of `campaigns`, and how far the plan is."""

    change_form_before_template = "tracking/admin/plan.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        plan = self.get_queryset(request).filter(pk=number_of(object_id)).first()
        is_seen = plan is not None and self.has_view_permission(request, plan)
        found = burn_up(plan, now=timezone.now()) if is_seen else None
        shown = {"burn_up": drawn(found)} if found else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})


def drawn(found: BurnUp) -> dict[str, Any]:
    """The two lines, the sentence that says what is seen, and the weeks for the table, newest first."""
    most = max(found.planned, found.done[-1])

    def at(day: float, number: float) -> str:
        left = EDGE + (WIDTH - 2 * EDGE) * day / found.length
        return f"{left:.1f},{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * number / most:.1f}"

    points = [at(0, found.before), *(at(place + 1, number) for place, number in enumerate(found.done))]
    return {
        "found": found,
        "line": " ".join(points),
        "planned": f"{at(0, 0)} {at(found.length, found.planned)}",
        "width": WIDTH,
        "height": HEIGHT,
        "sentence": _sentence(found),
        "weeks": list(_weeks(found))[::-1],
    }


def _sentence(found: BurnUp) -> str:
    done, pace = found.done[-1], found.planned_by(found.today)
    said = f"{done:,} of {found.planned:,} {found.what}"
    if found.today == found.last:
        return f"{said} by the plan's last day."
    ahead = done - pace
    if abs(ahead) < ON_PACE:
        return f"{said} by {found.today:%-d %b}, just as a steady pace would have it."
    where = "ahead of" if ahead > 0 else "behind"
    return f"{said} by {found.today:%-d %b}, {abs(ahead):,.0f} {where} a steady pace."


def _weeks(found: BurnUp) -> Iterator[dict[str, Any]]:
    """For each week of the plan its last day so far, what was done in it, by then, and what a steady pace gives."""
    by_then = found.before
    for start in range(0, len(found.done), 7):
        place = min(start + 7, len(found.done)) - 1
        day = found.first + timedelta(days=place)
        done = found.done[place]
        yield {"day": day, "done": done - by_then, "so_far": done, "planned": round(found.planned_by(day))}
        by_then = done
