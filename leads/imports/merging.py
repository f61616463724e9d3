"""A chunk of checked rows into the leads table: laid out by COPY, compared and written by a few statements.

`compare` is the first half of `merge`, so that a dry run says what the import will do.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import IntegrityError, connection

from leads.imports.checking import GoodRow
from leads.imports.fields import LEAD_FIELDS
from leads.imports.rules import email as read_email
from leads.models import LeadStatus
from leads.suppression import STATUS_AFTER

_NUMBERS = frozenset({"company_size"})  # kept as numbers; all other fields are texts, empty where nothing is known
_TEXTS = tuple(name for name in LEAD_FIELDS if name != "email" and name not in _NUMBERS)
_GIVEN = {name: f"nullif(came.{name}, '')::integer" for name in LEAD_FIELDS if name in _NUMBERS}
_MARKS = ("is_role", "is_disposable")  # told by the address, which never changes here: written with a new lead alone
_WRITTEN = ("email_normalized", *LEAD_FIELDS, "custom", "verification", "is_catch_all", *_MARKS)
_LAID = ("row_number", "raw_lead_id", *_WRITTEN, "fields")
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
    {", ".join(f"{name} {_TYPES.get(name, 'text NOT NULL')}" for name in _LAID)}
) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_known (
    row_number integer NOT NULL, lead_id bigint NOT NULL, version xid NOT NULL, changes jsonb
) ON COMMIT DROP;
"""
_COPY = f"COPY import_rows ({', '.join(_LAID)}) FROM STDIN"

# A free field may be there without a value: such a one is filled like one that is not there.
_FILLED = """CASE WHEN leads.custom @? '$.* ? (@ == "" || @ == null)'
    THEN leads.custom || came.custom || coalesce((
        SELECT jsonb_object_agg(key, value) FROM jsonb_each(leads.custom) WHERE value NOT IN ('""', 'null')
    ), '{}')
    ELSE came.custom || leads.custom END"""
# What a field of a lead that is there becomes; `leads` is the present row and `came` the one of the file.
_NEW_VALUES = {
    "fill": {
        **{name: f"CASE WHEN leads.{name} = '' THEN came.{name} ELSE leads.{name} END" for name in _TEXTS},
        **{name: f"coalesce(leads.{name}, {given})" for name, given in _GIVEN.items()},
        "verification": "CASE leads.verification WHEN 'unknown' THEN came.verification ELSE leads.verification END",
        "is_catch_all": "leads.is_catch_all OR came.is_catch_all",
        "custom": _FILLED,
    },
    "overwrite": {
        **{name: f"CASE WHEN came.{name} = '' THEN leads.{name} ELSE came.{name} END" for name in _TEXTS},
        **{name: f"coalesce({given}, leads.{name})" for name, given in _GIVEN.items()},
        "verification": "CASE came.verification WHEN 'unknown' THEN leads.verification ELSE came.verification END",
        "is_catch_all": "leads.is_catch_all OR came.is_catch_all",
        "custom": "leads.custom || came.custom",
    },
}
# Which rows are leads already, and field by field what would change: {"company": ["Acme", "Acme GmbH"]}.
_FIND_KNOWN = """
INSERT INTO import_known (row_number, lead_id, version, changes)
SELECT came.row_number, leads.id, leads.xmin, {changes}
FROM import_rows AS came
JOIN leads ON leads.organization_id = %(organization)s AND leads.email_normalized = came.email_normalized
"""
_COUNT_KNOWN = "SELECT count(*), count(changes) FROM import_known"
_COUNT_FIELDS = """
SELECT field, count(*) FROM import_known, jsonb_object_keys(changes) AS field GROUP BY field
"""
_SAMPLES = """
SELECT row_number, email_normalized, field, value -> 0, value -> 1
FROM import_known JOIN import_rows USING (row_number), jsonb_each(changes) AS change (field, value)
ORDER BY row_number, field LIMIT %(limit)s
"""
# Leads are locked in the order of their keys and added in that of their addresses, and all locks come before the first
# addition: two imports cannot wait for each other in a circle. Those that stay as they are must not go away either
# before what is noted of them is committed.
_HOLD = """
SELECT count(*) FROM (
    SELECT 1 FROM leads WHERE id IN (SELECT lead_id FROM import_known) ORDER BY id FOR KEY SHARE
) AS held
"""
_LOCK = """
SELECT count(*) FROM (
    SELECT 1 FROM leads WHERE id IN (SELECT lead_id FROM import_known WHERE changes IS NOT NULL)
    ORDER BY id FOR NO KEY UPDATE
) AS locked
"""
_UPDATE = """
UPDATE leads SET {assignments}, updated_at = now()
FROM import_known AS known JOIN import_rows AS came USING (row_number)
WHERE leads.id = known.lead_id AND known.changes IS NOT NULL AND leads.xmin = known.version
"""
_NOTE_CHANGES = """
INSERT INTO lead_changes (lead_id, changes, source, lead_import_id, row_number)
SELECT lead_id, changes, %(change_source)s, %(lead_import)s, row_number
FROM import_known WHERE changes IS NOT NULL ORDER BY row_number
"""
_ADD = f"""
WITH added AS (
    INSERT INTO leads (organization_id, {", ".join(_WRITTEN)}, status, lead_import_id, created_at, updated_at)
    SELECT %(organization)s, {", ".join(_GIVEN.get(name, f"came.{name}") for name in _WRITTEN)},
        coalesce(%(statuses)s::jsonb ->> (
            SELECT reason FROM suppressions
            WHERE organization_id = %(organization)s AND address = came.email_normalized AND address <> ''
                AND campaign_id IS NULL AND (expires_at IS NULL OR expires_at > now())
        ), %(ok)s), %(lead_import)s, now(), now()
    FROM import_rows AS came
    WHERE NOT EXISTS (SELECT FROM import_known AS known WHERE known.row_number = came.row_number)
    ORDER BY came.email_normalized COLLATE "C"
    RETURNING id, email_normalized
), became AS (
    SELECT came.row_number, came.raw_lead_id, came.email_normalized, came.fields,
        coalesce(known.lead_id, added.id) AS lead_id
    FROM import_rows AS came
    LEFT JOIN import_known AS known USING (row_number)
    LEFT JOIN added ON added.email_normalized = came.email_normalized
)
"""  # noqa: S608 - names of our own
# The rest of that statement: what is noted of each row beside its lead.
STAGE_ANEW = """
INSERT INTO staged_leads (raw_lead_id, lead_import_id, row_number, status, email_normalized, fields, lead_id,
    promoted_at)
SELECT raw_lead_id, %(lead_import)s, row_number, 'promoted', email_normalized, fields, lead_id, now()
FROM became ORDER BY row_number
"""
MARK_STAGED = """
UPDATE staged_leads SET status = 'promoted', email_normalized = became.email_normalized, fields = became.fields,
    lead_id = became.lead_id, promoted_at = now()
FROM became
WHERE staged_leads.lead_import_id = %(lead_import)s AND staged_leads.row_number = became.row_number
    AND staged_leads.status = 'staged'
"""
_TAG = """
INSERT INTO lead_tags (lead_id, tag_id)
SELECT leads.id, tags.id
FROM import_rows AS came
JOIN leads ON leads.organization_id = %(organization)s AND leads.email_normalized = came.email_normalized
JOIN tags ON tags.organization_id = %(organization)s AND tags.id = ANY(%(tags)s)
WHERE NOT %(only_new)s OR leads.lead_import_id = %(lead_import)s
ORDER BY leads.id, tags.id
ON CONFLICT DO NOTHING
"""


# Asked behind the addition, so that a merge of leads that was committed after the rows were checked is seen. A capital
# letter tells nothing; the few others are looked at here.
_DOUBTFUL = """
SELECT came.email, came.email_normalized, alias.id IS NOT NULL
FROM import_rows AS came
LEFT JOIN lead_aliases AS alias
    ON alias.organization_id = %(organization)s AND alias.email_normalized = came.email_normalized
WHERE (alias.id IS NOT NULL OR lower(came.email) <> came.email_normalized)
    AND NOT EXISTS (SELECT FROM import_known AS known WHERE known.row_number = came.row_number)
"""


class Raced(Exception):
    """Somebody else wrote one of the leads between our look and our writing: the chunk is to be done again."""


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
    """What `merge` would do now; needs a transaction for its temporary tables and changes nothing."""
    with connection.cursor() as cursor:
        _lay_out(cursor, rows, ())
        merged = _find_known(cursor, len(rows), organization_id, on_existing)
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


def merge(
    rows: Sequence[GoodRow],
    *,
    organization_id: int,
    lead_import_id: int,
    on_existing: str,
    tag_ids: Sequence[int],
    raw_ids: Iterable[int] = (),
    change_source: str,
    noting: str,
) -> Merged:
    """Write the rows, no address twice, in the caller's transaction. Status and address of a known lead stay.

    `noting` is STAGE_ANEW, with the keys of the rows as received in `raw_ids`, or MARK_STAGED. Raises `Raced`.
    """
    given: dict[str, Any] = {
        "organization": organization_id,
        "lead_import": lead_import_id,
        "ok": LeadStatus.OK.value,
        # A person who may not be written to is shown as such from the first day, whatever the file says.
        "statuses": json.dumps(STATUS_AFTER),
        "tags": list(tag_ids),
        "only_new": on_existing == "skip",
        "change_source": change_source,
    }
    with connection.cursor() as cursor:
        _lay_out(cursor, rows, raw_ids)
        merged = _find_known(cursor, len(rows), organization_id, on_existing)
        _hold(cursor, merged.updated + merged.unchanged)
        if merged.updated:
            _update(cursor, merged.updated, on_existing, given)
        _add(cursor, noting, len(rows), given)
        if merged.created:
            _refuse_misnamed(cursor, given)
        if tag_ids:
            cursor.execute(_TAG, given)
    return merged


def _lay_out(cursor: Any, rows: Sequence[GoodRow], raw_ids: Iterable[int]) -> None:
    cursor.execute(_CREATE)
    ids = iter(raw_ids)
    with cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(
                (
                    row.number,
                    next(ids, None),
                    row.email_normalized,
                    *row.values,
                    row.custom,
                    row.verification,
                    row.is_catch_all,
                    *row.marks,
                    row.fields,
                )
            )


def _find_known(cursor: Any, rows: int, organization_id: int, on_existing: str) -> Merged:
    cursor.execute(_FIND_KNOWN.format(changes=_changes(on_existing)), {"organization": organization_id})
    cursor.execute(_COUNT_KNOWN)
    known, changed = cursor.fetchone()
    return Merged(created=rows - known, updated=changed, unchanged=known - changed)


def _hold(cursor: Any, expected: int) -> None:
    if not expected:
        return
    cursor.execute(_HOLD)
    if cursor.fetchone()[0] != expected:
        raise Raced


def _update(cursor: Any, expected: int, on_existing: str, given: dict[str, Any]) -> None:
    assignments = ", ".join(f"{name} = {value}" for name, value in _NEW_VALUES[on_existing].items())
    cursor.execute(_LOCK)
    cursor.execute(_UPDATE.format(assignments=assignments), given)
    if cursor.rowcount != expected:
        raise Raced
    cursor.execute(_NOTE_CHANGES, given)


def _add(cursor: Any, noting: str, expected: int, given: dict[str, Any]) -> None:
    try:
        cursor.execute(_ADD + noting, given)
    except IntegrityError as error:
        if "lead_once_per_organization" in str(error):
            raise Raced from error
        raise
    if cursor.rowcount != expected:
        raise Raced


def _refuse_misnamed(cursor: Any, given: dict[str, Any]) -> None:
    """Nobody is added by the address of a lead merged into another, nor by that of a lead it was merged into."""
    cursor.execute(_DOUBTFUL, given)
    for email, normalized, is_merged in cursor.fetchall():
        if is_merged or read_email(email, "email")[1] != normalized:
            raise Raced


def _changes(on_existing: str) -> str:
    """The expression for what would change in `leads`, NULL where nothing does."""
    if on_existing not in _NEW_VALUES:
        return "NULL::jsonb"
    values = _NEW_VALUES[on_existing]
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
