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


def check_sequences(cursor: CursorWrapper, live: Catalogue) -> Iterator[Finding]:
    """Sequences that would give a number which stands in their table, or in the list of those used up."""
    for entry in live["sequences"].values():
        if entry["increment"] > 0 and _may_read(cursor, entry["table"]):
            yield from _behind(cursor, entry, live)


def _may_read(cursor: CursorWrapper, table: str) -> bool:
    cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [quoted(table)])
    return bool(cursor.fetchone()[0])


def _behind(cursor: CursorWrapper, entry: dict[str, Any], live: Catalogue) -> Iterator[Finding]:
    # Before the largest key is looked up: a sequence tells the present and not the snapshot, and only grows.
    upcoming = _next(cursor, entry)
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


def _next(cursor: CursorWrapper, entry: dict[str, Any]) -> int:
    upcoming = "CASE WHEN is_called THEN last_value + %s ELSE last_value END"
    cursor.execute(f"SELECT {upcoming} FROM {quoted(entry['name'])}", [entry["increment"]])  # noqa: S608 - quoted names
    return int(cursor.fetchone()[0])


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
