"""What came back and what never left, as a tally of its own (`campaigns.tallies`)."""

from datetime import datetime

from campaigns.models import Campaign
from campaigns.tallies.kinds import Figures
from tracking.analytics.funnel import count_delivered
from tracking.analytics.hours import reply_hours
from tracking.analytics.undelivered import undelivered

KIND = "returned"


def count(campaign: Campaign, _now: datetime) -> Figures:
    """People delivered to, the hours of replies, and why mails did not arrive; four queries."""
    return {
        "delivered": count_delivered(campaign),
        "reply_hours": reply_hours(campaign),
        "undelivered": undelivered(campaign),
    }
