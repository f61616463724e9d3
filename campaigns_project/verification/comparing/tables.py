"""Whole tables."""

from collections.abc import Iterator

from campaigns_project.verification import statements
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.finding import SAMPLES, Finding, Severity
from campaigns_project.verification.names import quoted


def compare(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Tables that are missing, nobody's, not safe from a crash, or closed by row security."""
    for name in sorted(expected["tables"].keys() - live["tables"].keys()):
        yield _missing(name, expected)
    for name in sorted(expected["tables"].keys() & live["tables"].keys()):
        yield from _changed(name, expected, live)
    yield from _unexpected(expected, live)


def _missing(name: str, expected: Catalogue) -> Finding:
    return Finding(
        "table_missing",
        Severity.ERROR,
        name,
        "The table is missing, and with it whatever was in it.",
        fix="manage.py apply_migrations; if no migration is pending, restore it from a backup.",
        fix_sql=statements.create_table(name, expected),
    )


def _changed(name: str, expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    should, found = expected["tables"][name], live["tables"][name]
    if should["durable"] and not found["durable"]:
        yield Finding(
            "table_unlogged",
            Severity.ERROR,
            name,
            "The table is not written to the log: a crash empties it, and no replica has it.",
            fix_sql=f"ALTER TABLE {quoted(name)} SET LOGGED;",
        )
    if found["row_security"] and not should["row_security"]:
        yield Finding(
            "table_row_security",
            Severity.ERROR,
            name,
            "Row security is on: rows may be hidden from us.",
            fix_sql=f"ALTER TABLE {quoted(name)} DISABLE ROW LEVEL SECURITY;",
        )


def _unexpected(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """One finding for all of them: another program may well live in the same database."""
    names = sorted(live["tables"].keys() - expected["tables"].keys())
    if names:
        yield Finding(
            "table_unexpected",
            Severity.WARNING,
            names[0] if len(names) == 1 else "several tables",
            "No migration made this; whoever put it here may need it." if len(names) == 1 else
            "No migration made these; whoever put them here may need them.",
            count=len(names),
            samples=names[:SAMPLES],
            fix="Find out whose it is. Another program is better off with a schema or database of its own.",
        )  # fmt: skip
