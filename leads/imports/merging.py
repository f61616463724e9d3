"""A chunk of checked rows into the leads table: compared with those there are, and written by a few statements."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, connection

from leads.imports.checking import GoodRow
from leads.imports.comparing import GIVEN, LEAD_OF_ROW, NEW_VALUES, WRITTEN, Merged, find_known, lay_out
from leads.imports.rules import email as read_email
from leads.models import LeadStatus
from leads.suppression import STATUS_AFTER

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
    INSERT INTO leads (organization_id, {", ".join(WRITTEN)}, status, lead_import_id, created_at, updated_at)
    SELECT %(organization)s, {", ".join(GIVEN.get(name, f"came.{name}") for name in WRITTEN)},
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
FROM became
"""
MARK_STAGED = """
UPDATE staged_leads SET status = 'promoted', email_normalized = became.email_normalized, fields = became.fields,
    lead_id = became.lead_id, promoted_at = now()
FROM became
WHERE staged_leads.lead_import_id = %(lead_import)s AND staged_leads.row_number = became.row_number
    AND staged_leads.status = 'staged'
"""
_TAG = f"""
INSERT INTO lead_tags (lead_id, tag_id)
SELECT leads.id, tags.id
FROM import_rows AS came
JOIN LATERAL ({LEAD_OF_ROW}) AS leads ON true
JOIN tags ON tags.organization_id = %(organization)s AND tags.id = ANY(%(tags)s)
WHERE NOT %(only_new)s OR leads.lead_import_id = %(lead_import)s
ORDER BY leads.id, tags.id
ON CONFLICT DO NOTHING
"""  # noqa: S608 - names of our own


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


def merge(
    rows: Sequence[GoodRow],
    *,
    organization_id: int,
    lead_import_id: int,
    on_existing: str,
    tag_ids: Sequence[int],
    change_source: str,
    noting: str,
) -> Merged:
    """Write the rows of a chunk, no address twice, in the caller's transaction.

    Status and address of a known lead stay. `noting` is STAGE_ANEW for rows that are kept as they came, or MARK_STAGED.
    Raises `Raced`.
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
        lay_out(cursor, rows)
        merged = find_known(cursor, len(rows), organization_id, on_existing)
        _hold(cursor, merged.updated + merged.unchanged)
        if merged.updated:
            _update(cursor, merged.updated, on_existing, given)
        _add(cursor, noting, len(rows), given)
        if merged.created:
            _refuse_misnamed(cursor, given)
        if tag_ids:
            cursor.execute(_TAG, given)
    return merged


def _hold(cursor: Any, expected: int) -> None:
    if not expected:
        return
    cursor.execute(_HOLD)
    if cursor.fetchone()[0] != expected:
        raise Raced


def _update(cursor: Any, expected: int, on_existing: str, given: dict[str, Any]) -> None:
    assignments = ", ".join(f"{name} = {value}" for name, value in NEW_VALUES[on_existing].items())
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
