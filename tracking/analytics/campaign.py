"""A campaign's figures in one answer, for the API, the page and the command."""

from datetime import datetime
from typing import Any

from django.db.models import Count

from campaigns.models import Campaign
from tracking.analytics.days import day_figures
from tracking.analytics.shares import Share, share
from tracking.analytics.steps import step_figures
from tracking.models import EmailEvent, EventType


def campaign_analytics(campaign: Campaign, *, now: datetime) -> dict[str, Any]:
    """What came of `campaign`, as of `now`; seven queries, whatever its size.

    - `counters`: the campaign's own, kept as things happen.
    - `people`: of the recipients who got at least one mail, how many opened, clicked, replied, bounced, unsubscribed,
      complained. Opens and clicks of machines do not count; opens are an approximation (blocked images, proxies).
    - `events`: every event by type, people's and machines' apart.
    - `steps`: the same by step and variant, of the messages sent.
    - `days`: the last 30 days of the campaign's time zone, oldest first, days without anything included.
    """
    events = _events(campaign)
    return {
        "campaign": campaign.pk,
        "generated_at": now,
        "counters": {name: getattr(campaign, name) for name in _COUNTERS},
        "people": _people(campaign, events),
        "events": {name: {"human": each["human"], "machine": each["machine"]} for name, each in events.items()},
        "steps": step_figures(campaign),
        "days": day_figures(campaign, now=now),
    }


_COUNTERS = (
    "total_recipients",
    "recipients_reached",
    "active_leads_count",
    "completed_leads_count",
    "opted_out_count",
    "emails_sent",
    "emails_opened",
    "emails_clicked",
    "emails_replied",
    "emails_bounced",
)


def _people(campaign: Campaign, events: dict[str, dict[str, int]]) -> dict[str, Share]:
    counts = {
        "opened": campaign.emails_opened,
        "clicked": campaign.emails_clicked,
        "replied": campaign.emails_replied,
        "bounced": campaign.emails_bounced,
        # By a link of this campaign; `opted_out_count` has also those whom an opt-out elsewhere took out.
        "unsubscribed": events[EventType.UNSUBSCRIBE]["people"],
        "complained": events[EventType.COMPLAIN]["people"],
    }
    return {name: share(count, campaign.recipients_reached) for name, count in counts.items()}


def _events(campaign: Campaign) -> dict[str, dict[str, int]]:
    figures = {name: {"human": 0, "machine": 0, "people": 0} for name in EventType.values}
    events = EmailEvent.objects.filter(campaign_recipient__campaign=campaign).order_by()
    groups = events.values_list("event_type", "is_machine")
    for name, is_machine, number, people in groups.annotate(
        number=Count("pk"), people=Count("campaign_recipient", distinct=True)
    ):
        if is_machine:
            figures[name]["machine"] = number
        else:
            figures[name].update(human=number, people=people)
    return figures
