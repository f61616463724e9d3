"""Sequences: the next number must be above every number that was ever given out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db.backends.utils import CursorWrapper

from campaigns_project.verification import statements
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.finding import Finding, Severity
from campaigns_project.verification.names import quoted
from campaigns_project.verification.registry import UsedIds, used_ids

REPORTS = "verification_reports"


def check_sequences(cursor: CursorWrapper, live: Catalogue) -> Iterator[Finding]:
    """Sequences that would give a number which stands in their table, or in the list of those used up."""
    earlier, readable = _next_numbers_seen(cursor, live), _readable(cursor, live)
    # Before the largest keys are looked up: a sequence tells the present and not the snapshot, and only grows.
    coming = _coming(cursor, readable)
    for name, entry in readable.items():
        behind = list(_behind(cursor, entry, live, upcoming=coming[name]))
        yield from behind or _set_back(entry, earlier.get(name, 0), upcoming=coming[name])


def next_numbers(cursor: CursorWrapper, live: Catalogue) -> dict[str, int]:
    """What each sequence would give now, by the column it numbers; kept with a report, to see one that is set back."""
    return _coming(cursor, _readable(cursor, live))


def _readable(cursor: CursorWrapper, live: Catalogue) -> dict[str, dict[str, Any]]:
    upwards = {name: entry for name, entry in live["sequences"].items() if entry["increment"] > 0}
    readable = _may_be_read(cursor, {entry["table"] for entry in upwards.values()})
    return {name: entry for name, entry in upwards.items() if entry["table"] in readable}


def _coming(cursor: CursorWrapper, sequences: dict[str, dict[str, Any]]) -> dict[str, int]:
    """What each would give now: asked in one, since there is one for nearly every table."""
    if not sequences:
        return {}
    asked = [
        f"SELECT %s, CASE WHEN is_called THEN last_value + %s ELSE last_value END FROM {quoted(entry['name'])}"  # noqa: S608 - a quoted name
        for entry in sequences.values()
    ]
    given = [value for name, entry in sequences.items() for value in (name, entry["increment"])]
    cursor.execute(" UNION ALL ".join(asked), given)
    return {name: int(upcoming) for name, upcoming in cursor.fetchall()}


def _next_numbers_seen(cursor: CursorWrapper, live: Catalogue) -> dict[str, int]:
    """The largest in the reports that are kept; none where there is no such table, or nobody may read it."""
    if REPORTS not in live["tables"] or not _may_be_read(cursor, {REPORTS}):
        return {}
    cursor.execute(
        f"SELECT each.key, max(each.value::bigint) FROM {quoted(REPORTS)},"  # noqa: S608 - a quoted name
        " jsonb_each_text(coalesce(content->'next_numbers', '{}')) each GROUP BY each.key"
    )
    return dict(cursor.fetchall())


def _set_back(entry: dict[str, Any], earlier: int, *, upcoming: int) -> Iterator[Finding]:
    """Numbers that nothing here holds any more may still be named elsewhere: by opt-out links in mails, for one."""
    if upcoming < earlier:
        fix_sql = statements.raise_sequence(entry["name"], earlier - 1)
        finding = _finding(entry, upcoming=upcoming, above=earlier - 1, fix_sql=fix_sql)
        said = "The sequence was further when the database was verified before: numbers would be given out twice."
        yield replace(finding, id="sequence_set_back", message=said)


def _may_be_read(cursor: CursorWrapper, tables: set[str]) -> set[str]:
    names = {quoted(table): table for table in tables}
    cursor.execute("SELECT name FROM unnest(%s::text[]) name WHERE has_table_privilege(name, 'SELECT')", [list(names)])
    return {names[name] for (name,) in cursor.fetchall()}


def _behind(cursor: CursorWrapper, entry: dict[str, Any], live: Catalogue, *, upcoming: int) -> Iterator[Finding]:
    largest = _largest(cursor, entry["table"], entry["column"])
    used = max((_largest(cursor, each.kept_in, each.column) for each in _kept_in(entry["table"], live)), default=0)
    fix_sql = statements.raise_sequence(entry["name"], max(largest, used))
    if upcoming <= largest:
        finding = _finding(entry, upcoming=upcoming, above=largest, fix_sql=fix_sql)
        yield replace(finding, message="The next number stands in the table already: new rows are refused.")
    if upcoming <= used:
        finding = _finding(entry, upcoming=upcoming, above=used, fix_sql=fix_sql)
        said = "The next number belonged to a row that was deleted, and must never be given out again."
        yield replace(finding, id="sequence_behind_tombstones", message=said)


def _largest(cursor: CursorWrapper, table: str, column: str) -> int:
    cursor.execute(f"SELECT coalesce(max({quoted(column)}), 0) FROM {quoted(table)}")  # noqa: S608 - quoted names
    return int(cursor.fetchone()[0])


def _kept_in(table: str, live: Catalogue) -> list[UsedIds]:
    of_table = [each for each in used_ids() if each.table == table]
    return [each for each in of_table if f"{each.kept_in}.{each.column}" in live["columns"]]


def _finding(entry: dict[str, Any], *, upcoming: int, above: int, fix_sql: str) -> Finding:
    return Finding(
        id="sequence_behind",
        severity=Severity.ERROR,
        where=f"{entry['table']}.{entry['column']}",
        message="",
        count=above - upcoming + 1,
        samples=[str(upcoming)],
        expected=f"a next number above {above}",
        found=f"next is {upcoming}",
        fix="Raise the sequence. Somebody set it back, or rows were loaded past it.",
        fix_sql=fix_sql,
    )
