"""Figures of each step and each wording of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, Q

from campaigns.models import Campaign, Message, MessageStatus, Step
from tracking.analytics.shares import share
from tracking.models import EmailEvent, EventType

# A click is an open as well, with or without the pixel having been loaded.
_OPENED = Q(event_type__in=[EventType.OPEN, EventType.CLICK])
_CLICKED = Q(event_type=EventType.CLICK)
_REPLIED = Q(event_type=EventType.REPLY)
_DID = ("opened", "clicked", "replied")


def by_wording(campaign: Campaign) -> list[list[Any]]:
    """Of each step and variant (None for one that is gone): messages sent, opened, clicked, replied to; two queries."""
    found: dict[tuple[int, int | None], dict[str, int]] = defaultdict(dict)
    sent = Message.objects.filter(step__campaign=campaign, status=MessageStatus.SENT).order_by()
    for step, variant, number in sent.values_list("step", "variant").annotate(number=Count("pk")):
        found[step, variant]["sent"] = number
    events = EmailEvent.objects.filter(message__step__campaign=campaign).human().order_by()
    for step, variant, *numbers in events.values_list("message__step", "message__variant").annotate(
        opened=Count("message", filter=_OPENED, distinct=True),
        clicked=Count("message", filter=_CLICKED, distinct=True),
        replied=Count("message", filter=_REPLIED, distinct=True),
    ):
        found[step, variant] |= dict(zip(_DID, numbers, strict=True))
    return [[step, variant, figures] for (step, variant), figures in found.items()]


def step_figures(
    campaign: Campaign, counted: Iterable[tuple[int, int | None, Mapping[str, int]]]
) -> list[dict[str, Any]]:
    """For each step, in order: messages sent, and of these how many a person opened, clicked or replied to.

    `counted` is what `by_wording` counted. `variants` has the same by wording. Mails of a wording that was deleted
    count for the step alone.
    """
    found = {(step, variant): figures for step, variant, figures in counted}
    return [
        {
            "step": step.pk,
            "position": step.position,
            **_shares([figures for (of_step, _), figures in found.items() if of_step == step.pk]),
            "variants": [
                {
                    "variant": variant.pk,
                    "label": variant.label,
                    "subject": variant.subject,
                    "is_active": variant.is_active,
                    **_shares([found.get((step.pk, variant.pk), {})]),
                }
                for variant in step.variants.all()
            ],
        }
        for step in Step.objects.filter(campaign=campaign).order_by("position").prefetch_related("variants")
    ]


def _shares(parts: list[Mapping[str, int]]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    sent = total["sent"]
    return {"sent": sent, **{name: share(total[name], sent) for name in _DID}}
