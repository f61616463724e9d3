"""A chunk of checked rows into the leads table: compared with those there are, and written by a few statements."""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import IntegrityError, connection

from campaigns_project.database.arrays import bigints, json_array
from leads.imports.checking import AS_LEAD, GoodRow
from leads.imports.comparing import NEW_VALUES, Merged, find_changes, look_up
from leads.imports.keys import reserve_keys
from leads.imports.lines import copy_lines
from leads.imports.rules import email as read_email
from leads.models import LeadStatus
from leads.suppression import STATUS_AFTER

# Leads are locked in the order of their keys and added in that of their addresses, and all locks come before the first
# addition: two imports cannot wait for each other in a circle. Those that stay as they are must not go away either
# before what is noted of them is committed.
_HOLD = """
SELECT count(*) FROM (
    SELECT 1 FROM leads WHERE id = ANY(%s::bigint[]) ORDER BY id FOR KEY SHARE
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
# A person who may not be written to is shown as such from the first day, whatever the file says.
_SUPPRESSED = """
SELECT address, reason FROM suppressions
WHERE organization_id = %(organization)s AND address IN (SELECT json_array_elements_text(%(addresses)s))
    AND address <> '' AND campaign_id IS NULL AND (expires_at IS NULL OR expires_at > now())
"""
# By COPY and not by an INSERT: it fills a page of a thousand rows at once, and logs it so.
_ADD = f"COPY leads (id, status, organization_id, lead_import_id, {', '.join(AS_LEAD)}) FROM STDIN"
_TAG = """
INSERT INTO lead_tags (lead_id, tag_id)
SELECT lead_id, tags.id
FROM unnest(%(leads)s::bigint[]) AS lead_id
JOIN tags ON tags.organization_id = %(organization)s AND tags.id = ANY(%(tags)s)
ORDER BY lead_id, tags.id
ON CONFLICT DO NOTHING
"""
# Asked behind the addition, so that a merge of leads that was committed after the rows were checked is seen.
_MERGED = """
SELECT EXISTS (
    SELECT FROM lead_aliases
    WHERE organization_id = %(organization)s
        AND email_normalized IN (SELECT json_array_elements_text(%(addresses)s))
)
"""


class Raced(Exception):
    """Somebody else wrote one of the leads between our look and our writing: the chunk is to be done again."""


class Written(NamedTuple):
    """What became of the rows of a chunk, and the keys of their leads as they are sent, by normalized address."""

    merged: Merged
    leads: dict[str, bytes]


def merge(
    rows: Sequence[GoodRow],
    *,
    organization_id: int,
    lead_import_id: int,
    on_existing: str,
    tag_ids: Sequence[int],
    change_source: str,
) -> Written:
    """Write the rows of a chunk, no address twice, in the caller's transaction.

    Status and address of a known lead stay. Nobody can take the leads away before it is committed. Raises `Raced`.
    """
    given: dict[str, Any] = {
        "organization": organization_id,
        "lead_import": lead_import_id,
        "tags": list(tag_ids),
        "change_source": change_source,
    }
    with connection.cursor() as cursor:
        known = look_up(cursor, rows, organization_id)
        updated = _update(cursor, known, on_existing, given) if known else 0
        leads = {row.email_normalized: b"%d" % key for row, key in known}
        added = _add(cursor, [row for row in rows if row.email_normalized not in leads], given)
        leads.update(added)
        if tag_ids:
            tagged = added if on_existing == "skip" else leads
            cursor.execute(_TAG, {**given, "leads": bigints(map(int, tagged.values()))})
    return Written(Merged(len(added), updated, len(known) - updated), leads)


def _update(cursor: Any, known: Sequence[tuple[GoodRow, int]], on_existing: str, given: dict[str, Any]) -> int:
    """Write what the file says of leads that are there, all of which are held; how many have changed."""
    cursor.execute(_HOLD, [bigints(key for _, key in known)])
    if cursor.fetchone()[0] != len(known):
        raise Raced
    found, changed = find_changes(cursor, known, on_existing)
    if found != len(known):
        raise Raced
    if changed:
        assignments = ", ".join(f"{name} = {value}" for name, value in NEW_VALUES[on_existing].items())
        cursor.execute(_LOCK)
        cursor.execute(_UPDATE.format(assignments=assignments), given)
        if cursor.rowcount != changed:
            raise Raced
        cursor.execute(_NOTE_CHANGES, given)
    return changed


def _add(cursor: Any, rows: Sequence[GoodRow], given: dict[str, Any]) -> dict[str, bytes]:
    """Write new leads; their keys by address."""
    if not rows:
        return {}
    rows = sorted(rows, key=attrgetter("email_normalized"))
    keys = reserve_keys("leads", len(rows))
    addresses = json_array([row.email_normalized for row in rows])
    cursor.execute(_SUPPRESSED, {**given, "addresses": addresses})
    statuses = {address: STATUS_AFTER.get(reason, LeadStatus.OK) for address, reason in cursor.fetchall()}
    try:
        copy_lines(cursor, _ADD, _lines(rows, keys, statuses, given))
    except IntegrityError as error:
        if "lead_once_per_organization" in str(error):
            raise Raced from error
        raise
    _refuse_misnamed(cursor, rows, addresses, given)
    return {row.email_normalized: key for row, key in zip(rows, keys, strict=True)}


def _lines(
    rows: Sequence[GoodRow], keys: Sequence[bytes], statuses: Mapping[str, LeadStatus], given: Mapping[str, Any]
) -> Iterator[bytes]:
    """What COPY takes of new leads, in the order of `_ADD`."""
    belonging = b"%d\t%d" % (given["organization"], given["lead_import"])
    fine = b"%b\t%b" % (LeadStatus.OK.value.encode(), belonging)
    other = {address: b"%b\t%b" % (status.value.encode(), belonging) for address, status in statuses.items()}
    for key, row in zip(keys, rows, strict=True):
        yield b"%b\t%b\t%b" % (key, other.get(row.email_normalized, fine), row.lead)


def _refuse_misnamed(cursor: Any, rows: Sequence[GoodRow], addresses: str, given: dict[str, Any]) -> None:
    """Nobody is added by the address of a lead merged into another, nor by that of a lead it was merged into."""
    cursor.execute(_MERGED, {**given, "addresses": addresses})
    if cursor.fetchone()[0] or any(_is_misnamed(row) for row in rows):
        raise Raced


def _is_misnamed(row: GoodRow) -> bool:
    """Whether it goes by the address of somebody else. A capital letter tells nothing; the few others are looked at."""
    return row.email.lower() != row.email_normalized and read_email(row.email, "email")[1] != row.email_normalized
