"""The rows of a chunk beside the leads there are: which are known, and what would change.

It is the first half of a merge, so that a dry run says what the import will do.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

from campaigns_project.database.arrays import json_array
from leads.imports.checking import AS_LEAD, GoodRow
from leads.imports.fields import LEAD_FIELDS
from leads.imports.lines import copy_lines

_NUMBERS = frozenset({"company_size"})  # kept as numbers; all other fields are texts, empty where nothing is known
_TEXTS = tuple(name for name in LEAD_FIELDS if name != "email" and name not in _NUMBERS)
_TYPES = {
    "custom": "jsonb NOT NULL",
    **dict.fromkeys(("is_catch_all", "is_role", "is_disposable"), "boolean NOT NULL"),
    **dict.fromkeys(_NUMBERS, "integer"),
}
_CREATE = f"""
DROP TABLE IF EXISTS pg_temp.import_rows, pg_temp.import_known;
CREATE TEMPORARY TABLE import_rows (
    lead_id bigint NOT NULL, row_number integer NOT NULL,
    {", ".join(f"{name} {_TYPES.get(name, 'text NOT NULL')}" for name in AS_LEAD)}
) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_known (
    row_number integer NOT NULL, lead_id bigint NOT NULL, version xid NOT NULL, changes jsonb
) ON COMMIT DROP;
"""
_COPY = f"COPY import_rows (lead_id, row_number, {', '.join(AS_LEAD)}) FROM STDIN"

# A free field may be there without a value: such a one is filled like one that is not there.
_FILLED = """CASE WHEN leads.custom @? '$.* ? (@ == "" || @ == null)'
    THEN leads.custom || came.custom || coalesce((
        SELECT jsonb_object_agg(key, value) FROM jsonb_each(leads.custom) WHERE value NOT IN ('""', 'null')
    ), '{}')
    ELSE came.custom || leads.custom END"""
# What a field of a lead that is there becomes; `leads` is the present row and `came` the one of the file.
NEW_VALUES = {
    "fill": {
        **{name: f"CASE WHEN leads.{name} = '' THEN came.{name} ELSE leads.{name} END" for name in _TEXTS},
        **{name: f"coalesce(leads.{name}, came.{name})" for name in _NUMBERS},
        "verification": "CASE leads.verification WHEN 'unknown' THEN came.verification ELSE leads.verification END",
        "is_catch_all": "leads.is_catch_all OR came.is_catch_all",
        "custom": _FILLED,
    },
    "overwrite": {
        **{name: f"CASE WHEN came.{name} = '' THEN leads.{name} ELSE came.{name} END" for name in _TEXTS},
        **{name: f"coalesce(came.{name}, leads.{name})" for name in _NUMBERS},
        "verification": "CASE came.verification WHEN 'unknown' THEN leads.verification ELSE came.verification END",
        "is_catch_all": "leads.is_catch_all OR came.is_catch_all",
        "custom": "leads.custom || came.custom",
    },
}
# Each row is looked up by itself (OFFSET keeps that apart) and by its address (no index is of a sum): while the table
# grows faster than its statistics, the planner would read all leads of the organization, for a chunk or even for a row.
_LOOK_UP = """
SELECT array_agg(came.place), array_agg(leads.id)
FROM json_array_elements_text(%(addresses)s) WITH ORDINALITY AS came (email_normalized, place)
JOIN LATERAL (
    SELECT id FROM leads
    WHERE email_normalized = came.email_normalized AND organization_id + 0 = %(organization)s OFFSET 0
) AS leads ON true
"""
# Field by field what would change of those that are leads already: {"company": ["Acme", "Acme GmbH"]}.
_FIND_CHANGES = """
WITH known AS (
    INSERT INTO import_known (row_number, lead_id, version, changes)
    SELECT came.row_number, leads.id, leads.xmin, {changes}
    FROM import_rows AS came
    JOIN LATERAL (SELECT *, xmin FROM leads WHERE id = came.lead_id OFFSET 0) AS leads
        ON leads.email_normalized = came.email_normalized
    RETURNING changes
)
SELECT count(*), count(changes) FROM known
"""
_COUNT_FIELDS = """
SELECT field, count(*) FROM import_known, jsonb_object_keys(changes) AS field GROUP BY field
"""
_SAMPLES = """
SELECT row_number, email_normalized, field, value -> 0, value -> 1
FROM import_known JOIN import_rows USING (row_number), jsonb_each(changes) AS change (field, value)
ORDER BY row_number, field LIMIT %(limit)s
"""


class Merged(NamedTuple):
    """What becomes of the rows of a chunk; the three add up to its rows. New tags alone leave a lead unchanged."""

    created: int
    updated: int
    unchanged: int


class Difference(NamedTuple):
    """One field of a lead that would change, for people to look at."""

    row: int
    email: str
    field: str
    before: Any
    after: Any


class Comparison(NamedTuple):
    """What a merge would do: counts by outcome and by field, and the first differences."""

    merged: Merged
    field_changes: Counter[str]
    differences: list[Difference]


def compare(rows: Sequence[GoodRow], *, organization_id: int, on_existing: str, samples: int) -> Comparison:
    """What `merge` would do with the rows of a chunk; needs a transaction for temporary tables and changes nothing."""
    with connection.cursor() as cursor:
        known, changed = find_changes(cursor, look_up(cursor, rows, organization_id), on_existing)
        merged = Merged(created=len(rows) - known, updated=changed, unchanged=known - changed)
        if not merged.updated:
            return Comparison(merged, Counter(), [])
        cursor.execute(_COUNT_FIELDS)
        fields = Counter(dict(cursor.fetchall()))
        cursor.execute(_SAMPLES, {"limit": samples})
        differences = [
            Difference(row, email, field, json.loads(before), json.loads(after))
            for row, email, field, before, after in cursor.fetchall()
        ]
        return Comparison(merged, fields, differences)


def look_up(cursor: Any, rows: Sequence[GoodRow], organization_id: int) -> list[tuple[GoodRow, int]]:
    """Those of the rows that are leads already, each with the key of its lead."""
    addresses = json_array([row.email_normalized for row in rows])
    cursor.execute(_LOOK_UP, {"addresses": addresses, "organization": organization_id})
    places, keys = cursor.fetchone()
    return [(rows[place - 1], key) for place, key in zip(places or (), keys or (), strict=True)]


def find_changes(cursor: Any, known: Sequence[tuple[GoodRow, int]], on_existing: str) -> tuple[int, int]:
    """Lay known rows out beside their leads, with what would change of each: how many are still known, and change."""
    if not known or on_existing not in NEW_VALUES:
        return len(known), 0
    cursor.execute(_CREATE)
    copy_lines(cursor, _COPY, [b"%d\t%d\t%b" % (key, row.number, row.lead) for row, key in known])
    cursor.execute(_FIND_CHANGES.format(changes=_changes(on_existing)))
    found, changed = cursor.fetchone()
    return found, changed


def _changes(on_existing: str) -> str:
    """The expression for what would change in `leads`, NULL where nothing does."""
    values = NEW_VALUES[on_existing]
    present = ", ".join(f"leads.{name}" for name in values)
    plain = [(name, value) for name, value in values.items() if name != "custom"]
    pairs = ", ".join(
        f"'{name}', CASE WHEN leads.{name} IS DISTINCT FROM ({value}) THEN jsonb_build_array(leads.{name}, {value}) END"
        for name, value in plain
    )
    return f"""CASE WHEN ({present}) IS DISTINCT FROM ({", ".join(values.values())}) THEN
        jsonb_strip_nulls(jsonb_build_object({pairs})) || coalesce((
            SELECT jsonb_object_agg('custom.' || key, jsonb_build_array(leads.custom -> key, value))
            FROM jsonb_each({values["custom"]}) WHERE leads.custom -> key IS DISTINCT FROM value
        ), '{{}}') END"""  # noqa: S608 - names of our own
