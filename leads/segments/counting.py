"""How many leads there are, in a time that does not grow with their number."""

import json
from dataclasses import dataclass

from django.db import models
from django.db.models import QuerySet

from campaigns_project.errors import Refused
from campaigns_project.patience import TookTooLong, within

MOST_COUNTED = 10_001  # one more than is told, so that “10,000+” is known to be true
LONGEST = 80  # milliseconds; a rare answer to a question no index helps with takes a look at every lead

LONGEST_EXACTLY = 10_000  # milliseconds; asked where somebody is about to act on all of them


@dataclass(frozen=True)
class Count:
    """A number of leads. `is_capped`: there are more. `is_estimate`: what the database expects, it was not counted."""

    number: int
    is_capped: bool = False
    is_estimate: bool = False

    def __str__(self) -> str:
        if self.is_estimate:
            return f"about {self.number:,}"
        return f"{self.number:,}+" if self.is_capped else f"{self.number:,}"

    @property
    def of_leads(self) -> str:
        """The number with its noun."""
        return f"{self} lead" if self.number == 1 else f"{self} leads"


def count(leads: QuerySet, *, longest: int = LONGEST) -> Count:
    """How many `leads` there are: exactly up to 10,000, and “about” where counting takes longer than `longest`
    milliseconds."""
    few = leads.order_by().values("pk")[:MOST_COUNTED]
    try:
        with within(longest):
            found = few.count()
    except TookTooLong:
        return estimate(leads)
    if found == MOST_COUNTED:
        return Count(MOST_COUNTED - 1, is_capped=True)
    return Count(found)


def count_exactly(leads: QuerySet) -> dict[int, int]:
    """How many `leads` each organization has, however many they are; Refused (`too_long_to_count`) where that cannot be
    told in LONGEST_EXACTLY."""
    numbers = leads.order_by().values_list("organization").annotate(number=models.Count("pk"))
    try:
        with within(LONGEST_EXACTLY):
            return dict(numbers)
    except TookTooLong:
        raise Refused(
            "too_long_to_count",
            "Finding out exactly how many leads this is about takes too long.",
            "Pick them, or narrow the list by something else.",
        ) from None


def estimate(leads: QuerySet) -> Count:
    """What the planner expects, to two digits: more would look like knowledge."""
    plan = json.loads(leads.order_by().values("pk").explain(format="json"))
    rows = int(plan[0]["Plan"]["Plan Rows"])
    digits = max(len(str(rows)) - 2, 0)
    return Count(round(rows, -digits), is_estimate=True)
