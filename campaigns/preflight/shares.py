"""How many people have a value for each merge field, so that whoever writes knows where a fallback is needed."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from campaigns.content.fields import CUSTOM_PREFIX, LEAD_FIELDS
from leads.models import Lead

MOST_CUSTOM = 60  # fields of one's own that are told, those that most people have first


@dataclass(frozen=True)
class Share:
    """A merge field and how many of `people` have a value for it."""

    field: str
    number: int
    people: int

    @property
    def percent(self) -> int:
        """Rounded, but 100 for all of them alone and 0 for nobody."""
        if self.number in {0, self.people}:
            return 100 if self.number else 0
        return min(99, max(1, round(self.number * 100 / self.people)))

    @property
    def is_whole(self) -> bool:
        return 0 < self.people == self.number


def shares(leads: QuerySet[Lead]) -> list[Share]:
    """The share of each field of a lead among `leads`, then of their further ones, by name. One query."""
    chosen, params = leads.order_by().values(*_READ).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_SHARES.format(leads=chosen), params)
        found: dict[str, int] = dict(cursor.fetchall())
    people = found.pop("")
    own = sorted(LEAD_FIELDS)
    further = sorted((name for name in found if name not in LEAD_FIELDS), key=lambda name: (-found[name], name))
    names = [*own, *sorted(further[:MOST_CUSTOM])]
    return [Share(name, found.get(name, 0), people) for name in names]


_COLUMNS = sorted(LEAD_FIELDS - {"full_name"})
_READ = ("pk", *_COLUMNS, "custom")
_VALUES = ", ".join([f"('{name}', {name})" for name in _COLUMNS] + ["('full_name', first_name || last_name)"])
# Blank values are missing ones, as for whoever makes the mail.
_SHARES = f"""
WITH chosen AS MATERIALIZED ({{leads}})
SELECT field, count(*) FROM chosen CROSS JOIN LATERAL (
    VALUES {_VALUES}
    UNION ALL
    SELECT '{CUSTOM_PREFIX}' || key, value FROM jsonb_each_text(
        CASE jsonb_typeof(custom) WHEN 'object' THEN custom ELSE '{{{{}}}}' END
    )
) AS each (field, value) WHERE btrim(value) <> '' GROUP BY field
UNION ALL SELECT '', count(*) FROM chosen
"""  # noqa: S608 - names of our own
