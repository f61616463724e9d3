"""Verify one database: its schema against what the migrations make, and its rows against each other. Reads only."""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, Error
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from campaigns_project.database.identity import configured
from campaigns_project.errors import Refused
from campaigns_project.faults import fault_of
from campaigns_project.verification import catalogue
from campaigns_project.verification.catalogue import Catalogue, read_catalogue
from campaigns_project.verification.comparing import compare
from campaigns_project.verification.errors import UnknownCheck
from campaigns_project.verification.expected import Expected, Source, expected_schema
from campaigns_project.verification.finding import Finding, Severity
from campaigns_project.verification.migrations_on_disk import load
from campaigns_project.verification.recorded import check_migrations
from campaigns_project.verification.registry import row_checks
from campaigns_project.verification.report import Report
from campaigns_project.verification.sequences import check_sequences, next_numbers
from campaigns_project.verification.sessions import check_sessions
from campaigns_project.verification.snapshot import savepoint, snapshot
from campaigns_project.verification.strays import check_strays

SCHEMA_CHECKS = ("migrations", "schema", "sequences", "strays", "sessions")
ROWS = "rows"  # names all checks of rows together

log = logging.getLogger(__name__)


class Check(NamedTuple):
    name: str
    run: Callable[[], Iterable[Finding]]


def verify(
    *,
    using: str = DEFAULT_DB_ALIAS,
    rows: bool = True,
    only: Collection[str] = (),
    source: Source = Source.AUTO,
    told: Callable[[str], None] = lambda name: None,
) -> Report:
    """Everything that is wrong with the database, seen in one read-only snapshot; nothing in it is changed.

    Without `rows` only the schema is looked at, which takes about a second. `only` names the checks to run, as
    `check_names()` lists them; `told` hears the name of each before it begins. It uses a connection of its own, so it
    does not see what the caller has not committed. A check that breaks is a finding, `check_failed`. Raises
    UnknownCheck, and django.db.OperationalError where the database cannot be reached or goes away.
    """
    chosen = _chosen(rows=rows, only=only)
    begun_at, begun = timezone.now(), time.monotonic()
    # Before the snapshot is taken, which holds back vacuum while it stands: making a shadow takes its time.
    expected = _expectation(using, source) if "schema" in chosen else None
    with snapshot(using) as cursor:
        server = _server(cursor)
        live = read_catalogue(cursor)
        numbers = next_numbers(cursor, live)
        findings: list[Finding] = []
        names: list[str] = []
        for check in _checks(cursor, live, expected):
            if check.name in chosen:
                told(check.name)
                names.append(check.name)
                findings += _answer(check, cursor)
    return Report(
        identity=str(configured(using)),
        server=server,
        begun_at=begun_at,
        seconds=round(time.monotonic() - begun, 3),
        compared_with=expected.described if isinstance(expected, Expected) else "",
        fingerprint=catalogue.fingerprint(live),
        expected_fingerprint=catalogue.fingerprint(expected.catalogue) if isinstance(expected, Expected) else "",
        checks=names,
        findings=sorted(findings, key=lambda finding: finding.severity != Severity.ERROR),
        next_numbers=numbers,
    )


def check_names() -> list[str]:
    """What `only` may name, beside "rows" for all checks of rows."""
    return [*SCHEMA_CHECKS, *(check.name for check in row_checks())]


def _chosen(*, rows: bool, only: Collection[str]) -> set[str]:
    known = check_names()
    for name in only:
        if name not in known and name != ROWS:
            raise UnknownCheck(name, [*known, ROWS])
    of_rows = {check.name for check in row_checks()}
    chosen = set(only) | (of_rows if ROWS in only else set()) if only else set(known)
    return chosen if rows else chosen - of_rows


def _server(cursor: CursorWrapper) -> str:
    cursor.execute("SHOW server_version")
    return str(cursor.fetchone()[0])


def _expectation(using: str, source: Source) -> Expected | Exception:
    """What should be, or why that is not known."""
    with snapshot(using) as cursor:
        try:
            return expected_schema(cursor, using=using, source=source)
        except (Error, Refused) as error:
            return error


def _checks(cursor: CursorWrapper, live: Catalogue, expected: Expected | Exception | None) -> Iterator[Check]:
    fits = partial(_is_as_expected, expected, live)
    yield Check("migrations", lambda: check_migrations(cursor, load(), schema_fits=fits))
    yield Check("schema", partial(_compared, expected, live))
    yield Check("sequences", partial(check_sequences, cursor, live))
    yield Check("strays", partial(check_strays, cursor, live))
    yield Check("sessions", partial(check_sessions, cursor))
    for each in row_checks():
        yield Check(each.name, partial(each.run, cursor))


def _compared(expected: Expected | Exception | None, live: Catalogue) -> Iterable[Finding]:
    if isinstance(expected, Expected):
        return compare(expected.catalogue, live)
    raise expected or RuntimeError("the schema was not asked for")


def _is_as_expected(expected: Expected | Exception | None, live: Catalogue) -> bool:
    """Whether nothing is wrong with the tables. Not known, where it was not asked what they should be: no."""
    if not isinstance(expected, Expected):
        return False
    return all(finding.severity != Severity.ERROR for finding in compare(expected.catalogue, live))


def _answer(check: Check, cursor: CursorWrapper) -> list[Finding]:
    try:
        with savepoint(cursor):
            return list(check.run())
    except Exception as error:
        if cursor.connection.closed:
            raise
        if isinstance(error, Error) and fault_of(error):  # a table or a right that is missing; the finding says which
            log.error("the check %s could not be made: %s", check.name, str(error).strip().split("\n", 1)[0])
        else:
            log.exception("the check %s broke", check.name)
        return [
            Finding(
                "check_failed",
                Severity.ERROR,
                check.name,
                f"This could not be checked: {' '.join(str(error).split())}",
                fix="Mend what it says; if it says nothing you can mend, report it.",
            )
        ]
