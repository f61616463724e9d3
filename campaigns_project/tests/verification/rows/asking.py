"""Ask all checks of rows, and put what no code path would into tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from campaigns_project.verification.finding import Finding
from campaigns_project.verification.registry import row_checks


def findings(*, check: str = "") -> list[Finding]:
    """What every registered check finds in the database as it is, or the one of this name alone."""
    checks = [one for one in row_checks() if check in ("", one.name)]
    assert checks, f"no check is registered as {check}"
    with transaction.atomic(), connection.cursor() as cursor:
        return [finding for one in checks for finding in one.run(cursor)]


def told(*, check: str = "") -> list[tuple[str, str, int, list[str]]]:
    """The same in short: id, where, how many, samples."""
    return [(one.id, one.where, one.count, one.samples) for one in findings(check=check)]


def run(statement: str, *values: object) -> None:
    """SQL as somebody types it at a prompt."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@contextmanager
def past_the_triggers() -> Iterator[None]:
    """As a restore does it: neither triggers nor foreign keys are asked."""
    run("SET LOCAL session_replication_role = replica")
    yield
    run("SET LOCAL session_replication_role = origin")


def mend(finding: Finding) -> None:
    """Run the statements that the finding offers."""
    with past_the_triggers():
        run(finding.fix_sql)
