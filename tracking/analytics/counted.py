"""All that is counted of a campaign's events, as a tally (`campaigns.tallies`)."""

from datetime import datetime

from django.db.models import Count, QuerySet

from campaigns.models import Campaign
from campaigns.tallies.kinds import Figures
from tracking.analytics.days import days_with_anything
from tracking.analytics.steps import by_wording
from tracking.models import EmailEvent, EventType

KIND = "analytics"
# Whom no counter of the campaign has.
_COUNTED_HERE = (EventType.UNSUBSCRIBE, EventType.COMPLAIN)


def count(campaign: Campaign, now: datetime) -> Figures:
    """Events by type, people by what they did, wordings and days; six queries."""
    return {
        "events": _events(campaign),
        "people": _people(campaign),
        "wordings": by_wording(campaign),
        "days": days_with_anything(campaign, now=now),
    }


def _events(campaign: Campaign) -> dict[str, dict[str, int]]:
    figures = {name: {"human": 0, "machine": 0} for name in EventType.values}
    groups = _of(campaign).values_list("event_type", "is_machine").annotate(number=Count("pk"))
    for name, is_machine, number in groups:
        figures[name]["machine" if is_machine else "human"] = number
    return figures


def _people(campaign: Campaign) -> dict[str, int]:
    did = _of(campaign).filter(event_type__in=_COUNTED_HERE, is_machine=False).values_list("event_type")
    return dict(did.annotate(people=Count("campaign_recipient", distinct=True)))


def _of(campaign: Campaign) -> QuerySet[EmailEvent]:
    return EmailEvent.objects.filter(campaign_recipient__campaign=campaign).order_by()
