"""How many messages of each wording stand where, as a tally."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from django.db.models import Count

from campaigns.models import Campaign, Message
from campaigns.tallies.kinds import Figures
from campaigns.tallies.read import tally

KIND = "wordings"


def count(campaign: Campaign, _now: datetime) -> Figures:
    """Under `messages` a list of variant (None for one that is gone), status and number."""
    groups = Message.objects.filter(step__campaign=campaign).order_by().values_list("variant", "status")
    return {"messages": [list(row) for row in groups.annotate(number=Count("pk"))]}


def messages_of_wordings(campaign: Campaign, *, now: datetime) -> Mapping[tuple[int | None, str], int]:
    """How many messages there are by variant and status; nothing is 0."""
    rows = tally(KIND, campaign, now=now).figures["messages"]
    return Counter({(variant, status): number for variant, status, number in rows})
