"""The funnel of a campaign as bars, each with the people behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from tracking.analytics.funnel import Stage
from tracking.analytics.shares import Share

_SHOWN = {
    "enrolled": ("Enrolled", "quiet", ""),
    "sent": ("Sent to", "info", "did=reached"),
    "delivered": ("Delivered to", "info", "did=delivered"),
    "replied": ("Replied", "good", "did=replied"),
    "booked": ("Booked", "good", "did=booked"),
}
_BEFORE = {"sent": "enrolled", "delivered": "sent to", "booked": "those who replied"}


@dataclass(frozen=True)
class Bar:
    """One stage: `part` of `whole` is how long it is drawn, `words` what it is a part of."""

    label: str
    tone: str
    people: int
    whole: int
    words: str
    url: str


def steps_down(stages: Sequence[Stage], *, campaign: int) -> list[Bar]:
    """What the page draws of a funnel; none of a campaign nobody is in."""
    whole = max(stage["people"] for stage in stages)
    people = f"{reverse('admin:campaigns_recipient_changelist')}?campaign={campaign}"
    return [_bar(stage, whole, people) for stage in stages] if whole else []


def _bar(stage: Stage, whole: int, people: str) -> Bar:
    label, tone, query = _SHOWN[stage["stage"]]
    return Bar(label, tone, stage["people"], whole, _words(stage), "&".join(filter(None, (people, query))))


def _words(stage: Stage) -> str:
    """Of the stage before, and of those delivered to where that is another one."""
    of_before = _rate(stage["of_previous"], _BEFORE.get(stage["stage"], ""))
    return ", ".join(filter(None, (of_before, _rate(stage["of_delivered"], "those delivered to"))))


def _rate(share: Share | None, of: str) -> str:
    if not of or share is None or share["rate"] is None or share["count"] > share["of"]:
        return ""  # more than the whole says nothing as a rate
    return f"{100 * share['rate']:.1f} % of {of}"
