"""The rows of a chunk laid out by COPY beside the leads there are: which are known, and what would change.

It is the first half of a merge, so that a dry run says what the import will do.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection

from leads.imports.checking import LAID_OUT, GoodRow
from leads.imports.fields import LEAD_FIELDS
from leads.imports.lines import copy_lines

_NUMBERS = frozenset({"company_size"})  # kept as numbers; all other fields are texts, empty where nothing is known
_TEXTS = tuple(name for name in LEAD_FIELDS if name != "email" and name not in _NUMBERS)
GIVEN = {name: f"nullif(came.{name}, '')::integer" for name in LEAD_FIELDS if name in _NUMBERS}
_MARKS = ("is_role", "is_disposable")  # told by the address, which never changes here: written with a new lead alone
WRITTEN = ("email_normalized", *LEAD_FIELDS, "custom", "verification", "is_catch_all", *_MARKS)
_TYPES = {
    "row_number": "integer NOT NULL",
    "raw_lead_id": "bigint",
    "custom": "jsonb NOT NULL",
    "fields": "jsonb NOT NULL",
    "is_catch_all": "boolean NOT NULL",
    **dict.fromkeys(_MARKS, "boolean NOT NULL"),
}
_CREATE = f"""
DROP TABLE IF EXISTS pg_temp.import_rows, pg_temp.import_known;
CREATE TEMPORARY TABLE import_rows (
    {", ".join(f"{name} {_TYPES.get(name, 'text NOT NULL')}" for name in LAID_OUT)}
) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_known (
    row_number integer NOT NULL, lead_id bigint NOT NULL, version xid NOT NULL, changes jsonb
) ON COMMIT DROP;
"""
_COPY = f"COPY import_rows ({', '.join(LAID_OUT)}) FROM STDIN"

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
        **{name: f"coalesce(leads.{name}, {given})" for name, given in GIVEN.items()},
        "verification": "CASE leads.verification WHEN 'unknown' THEN came.verification ELSE leads.verification END",
        "is_catch_all": "leads.is_catch_all OR came.is_catch_all",
        "custom": _FILLED,
    },
    "overwrite": {
        **{name: f"CASE WHEN came.{name} = '' THEN leads.{name} ELSE came.{name} END" for name in _TEXTS},
        **{name: f"coalesce({given}, leads.{name})" for name, given in GIVEN.items()},
        "verification": "CASE came.verification WHEN 'unknown' THEN leads.verification ELSE came.verification END",
        "is_catch_all": "leads.is_catch_all OR came.is_catch_all",
        "custom": "leads.custom || came.custom",
    },
}
# Each row is looked up by itself (OFFSET keeps that apart) and by its address (no index is of a sum): while the table
# grows faster than its statistics, the planner would read all leads of the organization, for a chunk or even for a row.
LEAD_OF_ROW = """
    SELECT *, xmin FROM leads
    WHERE email_normalized = came.email_normalized AND organization_id + 0 = %(organization)s OFFSET 0
"""
# Which rows are leads already, and field by field what would change: {"company": ["Acme", "Acme GmbH"]}.
_FIND_KNOWN = f"""
WITH known AS (
    INSERT INTO import_known (row_number, lead_id, version, changes)
    SELECT came.row_number, leads.id, leads.xmin, {{changes}}
    FROM import_rows AS came
    JOIN LATERAL ({LEAD_OF_ROW}) AS leads ON true
    RETURNING changes
)
SELECT count(*), count(changes) FROM known
"""  # noqa: S608 - names of our own
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
        lay_out(cursor, rows)
        merged = find_known(cursor, len(rows), organization_id, on_existing)
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


def lay_out(cursor: Any, rows: Iterable[GoodRow]) -> None:
    """Put rows into a temporary table."""
    cursor.execute(_CREATE)
    copy_lines(cursor, _COPY, [row.understood for row in rows])


def find_known(cursor: Any, rows: int, organization_id: int, on_existing: str) -> Merged:
    """Look up what was laid out, with what would change of each lead, and count."""
    cursor.execute(_FIND_KNOWN.format(changes=_changes(on_existing)), {"organization": organization_id})
    known, changed = cursor.fetchone()
    return Merged(created=rows - known, updated=changed, unchanged=known - changed)


def _changes(on_existing: str) -> str:
    """The expression for what would change in `leads`, NULL where nothing does."""
    if on_existing not in NEW_VALUES:
        return "NULL::jsonb"
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
