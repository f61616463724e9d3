"""A chunk of checked rows into the leads table: staged by COPY, merged by one statement, every row counted.

`merge` and `compare` build on the same expressions, so that a dry run says what the import will do.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

from leads.imports.fields import LEAD_FIELDS
from leads.imports.validating import CleanRow
from leads.models import LeadStatus
from leads.suppression import STATUS_AFTER

_FIELDS = LEAD_FIELDS[1:]  # all but the address, which is what rows are matched by
_STAGED = ("email_normalized", *LEAD_FIELDS, "custom")
_CREATE = f"""
CREATE TEMPORARY TABLE import_rows (
    {", ".join(f"{name} text NOT NULL" for name in _STAGED[:-1])}, custom jsonb NOT NULL
) ON COMMIT DROP
"""
_COPY = f"COPY import_rows ({', '.join(_STAGED)}) FROM STDIN"

# What a field of an existing lead becomes; `leads` is the present row and `excluded` the one of the file.
_NEW_VALUES = {
    "fill": {
        **{name: f"CASE WHEN leads.{name} = '' THEN excluded.{name} ELSE leads.{name} END" for name in _FIELDS},
        "custom": "excluded.custom || leads.custom",
    },
    "overwrite": {
        **{name: f"CASE WHEN excluded.{name} = '' THEN leads.{name} ELSE excluded.{name} END" for name in _FIELDS},
        "custom": "leads.custom || excluded.custom",
    },
}
# The rows are merged in the order of their addresses, so that two imports cannot wait for each other in a circle.
_MERGE = """
WITH merged AS (
    INSERT INTO leads (organization_id, email_normalized, {fields}, custom, status, lead_import_id,
                       created_at, updated_at)
    SELECT %(organization)s, staged.email_normalized, {staged_fields}, staged.custom,
           coalesce(%(statuses)s::jsonb ->> suppressions.reason, %(ok)s), %(lead_import)s, now(), now()
    FROM import_rows AS staged
    LEFT JOIN suppressions ON suppressions.organization_id = %(organization)s
        AND suppressions.address <> '' AND suppressions.address = staged.email_normalized
        AND suppressions.campaign_id IS NULL
        AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now())
    ORDER BY staged.email_normalized
    ON CONFLICT (organization_id, email_normalized) {on_conflict}
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged
"""
_COMPARE = """
SELECT count(*) FILTER (WHERE leads.id IS NULL), count(*) FILTER (WHERE leads.id IS NOT NULL AND {changed})
FROM import_rows AS excluded
LEFT JOIN leads ON leads.organization_id = %(organization)s AND leads.email_normalized = excluded.email_normalized
"""
_TAG = """
INSERT INTO lead_tags (lead_id, tag_id)
SELECT leads.id, tags.id
FROM import_rows AS staged
JOIN leads ON leads.organization_id = %(organization)s AND leads.email_normalized = staged.email_normalized
JOIN tags ON tags.organization_id = %(organization)s AND tags.id = ANY(%(tags)s)
WHERE NOT %(only_new)s OR leads.lead_import_id = %(lead_import)s
ORDER BY leads.id, tags.id
ON CONFLICT DO NOTHING
"""


class Merged(NamedTuple):
    """What became of the rows of a chunk; the three add up to its rows. New tags alone leave a lead unchanged."""

    created: int
    updated: int
    unchanged: int


def merge(
    rows: Sequence[CleanRow], *, organization_id: int, lead_import_id: int, on_existing: str, tag_ids: Sequence[int]
) -> Merged:
    """Write the rows, no address twice, in the caller's transaction. Status and address of a known lead stay."""
    with connection.cursor() as cursor:
        _stage(cursor, rows)
        given: dict[str, Any] = {
            "organization": organization_id,
            "lead_import": lead_import_id,
            "ok": LeadStatus.OK.value,
            # A person who may not be written to is shown as such from the first day, whatever the file says.
            "statuses": json.dumps(STATUS_AFTER),
            "tags": list(tag_ids),
            "only_new": on_existing == "skip",
        }
        cursor.execute(_merge_statement(on_existing), given)
        created, updated = cursor.fetchone()
        if tag_ids:
            cursor.execute(_TAG, given)
    return Merged(created, updated, len(rows) - created - updated)


def compare(rows: Sequence[CleanRow], *, organization_id: int, on_existing: str) -> Merged:
    """What `merge` would answer now; needs a transaction for its temporary table and changes nothing."""
    with connection.cursor() as cursor:
        _stage(cursor, rows)
        changed = _changed(on_existing) if on_existing in _NEW_VALUES else "false"
        cursor.execute(_COMPARE.format(changed=changed), {"organization": organization_id})
        created, updated = cursor.fetchone()
    return Merged(created, updated, len(rows) - created - updated)


def _stage(cursor: Any, rows: Sequence[CleanRow]) -> None:
    cursor.execute("DROP TABLE IF EXISTS pg_temp.import_rows")  # of the chunk before, in the same outer transaction
    cursor.execute(_CREATE)
    with cursor.copy(_COPY) as copy:
        for row in rows:
            custom = json.dumps(row.custom, ensure_ascii=False) if row.custom else "{}"
            copy.write_row((row.email_normalized, *row.values, custom))


def _merge_statement(on_existing: str) -> str:
    return _MERGE.format(
        fields=", ".join(LEAD_FIELDS),
        staged_fields=", ".join(f"staged.{name}" for name in LEAD_FIELDS),
        on_conflict=_on_conflict(on_existing) if on_existing in _NEW_VALUES else "DO NOTHING",
    )


def _on_conflict(on_existing: str) -> str:
    values = _NEW_VALUES[on_existing]
    assignments = ", ".join(f"{name} = {value}" for name, value in values.items())
    return f"DO UPDATE SET {assignments}, updated_at = excluded.updated_at WHERE {_changed(on_existing)}"


def _changed(on_existing: str) -> str:
    values = _NEW_VALUES[on_existing]
    present = ", ".join(f"leads.{name}" for name in values)
    return f"({present}) IS DISTINCT FROM ({', '.join(values.values())})"
