"""How many leads there are, in a time that does not grow with their number."""

import json
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import QueryCanceled

MOST_COUNTED = 10_001  # one more than is told, so that “10,000+” is known to be true
LONGEST = 100  # milliseconds; a rare answer to a question no index helps with takes a look at every lead


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
        return f"{self} lead" if str(self) == "1" else f"{self} leads"


def count(leads: QuerySet) -> Count:
    """How many `leads` there are: exactly up to 10,000, and “about” where counting them would take too long."""
    few = leads.order_by().values("pk")[:MOST_COUNTED]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            usual = cursor.fetchone()[0]
            _allow(cursor, f"{LONGEST}ms")
            found = few.count()
            _allow(cursor, usual)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return Count(_estimate(leads), is_estimate=True)
    if found == MOST_COUNTED:
        return Count(MOST_COUNTED - 1, is_capped=True)
    return Count(found)


def _allow(cursor: Any, time: str) -> None:
    """For the rest of the transaction, or until the savepoint is rolled back."""
    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [time])


def _estimate(leads: QuerySet) -> int:
    """What the planner expects, to two digits: more would look like knowledge."""
    plan = json.loads(leads.order_by().values("pk").explain(format="json"))
    rows = int(plan[0]["Plan"]["Plan Rows"])
    digits = max(len(str(rows)) - 2, 0)
    return round(rows, -digits)
