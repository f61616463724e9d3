"""A campaign's figures in one answer, for the API, the page and the command."""

from datetime import datetime
from typing import Any

from campaigns.models import Campaign
from campaigns.tallies import tally
from tracking.analytics import counted, returned
from tracking.analytics.clock import clock_of
from tracking.analytics.days import laid_out
from tracking.analytics.funnel import funnel
from tracking.analytics.shares import Share, share
from tracking.analytics.steps import step_figures
from tracking.models import EventType


def campaign_analytics(campaign: Campaign, *, now: datetime) -> dict[str, Any]:
    """What came of `campaign`. Large campaigns are counted now and then: `generated_at` says when.

    - `counters`: the campaign's own, kept as things happen.
    - `people`: of the recipients who got at least one mail, how many opened, clicked, replied, bounced, unsubscribed,
      complained. Opens and clicks of machines do not count; opens are an approximation (blocked images, proxies).
    - `events`: every event by type, people's and machines' apart.
    - `steps`: the same by step and variant, of the messages sent.
    - `days`: the last 30 days of the campaign's time zone, oldest first, days without anything included; of a campaign
      that has ended those up to six days after its end.
    - `timezone`: whose days and hours these are: the campaign's, or UTC where its own is not known.
    - `funnel`: how far people came, from enrolled to booked.
    - `reply_hours`: the hours of the week in which people replied.
    - `undelivered`: why mails failed or came back.
    """
    told = tally(counted.KIND, campaign, now=now)
    back = tally(returned.KIND, campaign, now=now)
    events = told.figures["events"]
    return {
        "campaign": campaign.pk,
        "generated_at": min(told.counted_at, back.counted_at),
        "counters": {name: getattr(campaign, name) for name in _COUNTERS},
        "people": _people(campaign, told.figures["people"]),
        "events": events,
        "steps": step_figures(campaign, told.figures["wordings"]),
        "days": laid_out(told.figures["days"], campaign, now=now),
        "timezone": clock_of(campaign).key,
        "funnel": funnel(campaign, delivered=back.figures["delivered"]),
        "reply_hours": back.figures["reply_hours"],
        "undelivered": back.figures["undelivered"],
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


def _people(campaign: Campaign, by_event: dict[str, int]) -> dict[str, Share]:
    counts = {
        "opened": campaign.emails_opened,
        "clicked": campaign.emails_clicked,
        "replied": campaign.emails_replied,
        "bounced": campaign.emails_bounced,
        # By a link of this campaign; `opted_out_count` has also those whom an opt-out elsewhere took out.
        "unsubscribed": by_event.get(EventType.UNSUBSCRIBE, 0),
        "complained": by_event.get(EventType.COMPLAIN, 0),
    }
    return {name: share(count, campaign.recipients_reached) for name, count in counts.items()}
