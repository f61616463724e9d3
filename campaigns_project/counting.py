"""How many rows a question finds, in a time that does not grow with their number."""

import json
from dataclasses import dataclass

from django.db.models import QuerySet

from campaigns_project.patience import TookTooLong, within

MOST_COUNTED = 10_001  # one more than is told, so that “10,000+” is known to be true
LONGEST = 80  # milliseconds; a rare answer to a question no index helps with takes a look at every row


@dataclass(frozen=True)
class Count:
    """A number of rows. `is_capped`: there are more. `is_estimate`: what the database expects, it was not counted."""

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


def count(rows: QuerySet, *, longest: int = LONGEST) -> Count:
    """How many `rows` there are: exactly up to 10,000, and “about” where counting takes longer than `longest`
    milliseconds."""
    few = rows.order_by().values("pk")[:MOST_COUNTED]
    try:
        with within(longest):
            found = few.count()
    except TookTooLong:
        return estimate(rows)
    if found == MOST_COUNTED:
        return Count(MOST_COUNTED - 1, is_capped=True)
    return Count(found)


def estimate(rows: QuerySet) -> Count:
    """What the planner expects, to two digits: more would look like knowledge."""
    plan = json.loads(rows.order_by().values("pk").explain(format="json"))
    expected = int(plan[0]["Plan"]["Plan Rows"])
    digits = max(len(str(expected)) - 2, 0)
    return Count(round(expected, -digits), is_estimate=True)
