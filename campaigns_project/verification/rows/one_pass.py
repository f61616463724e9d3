"""Look for several faults in one pass over the rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from campaigns_project.database.plans import whole_tables
from campaigns_project.verification.finding import SAMPLES, Finding, Severity

FIX_SQL = "manage.py verify_schema --fix-sql"
BY_HAND = "By hand: nobody but you can know which of the two is right."


@dataclass(frozen=True)
class Fault:
    """What is wrong with the rows for which `condition` (SQL) holds; the rest is what the finding says of them."""

    id: str
    where: str
    message: str
    condition: str
    fix: str = BY_HAND
    fix_sql: str = ""
    severity: Severity = Severity.ERROR


def scan(cursor: CursorWrapper, *, source: str, key: str, faults: Sequence[Fault]) -> list[Finding]:
    """The findings among `faults` in the rows of `source` (what stands behind FROM), named by the column `key`.

    One statement counts all of them; samples are looked for only where there is something to show.
    """
    occurring = occur(cursor, source=source, faults=faults)
    with whole_tables(cursor):
        return [_finding(fault, count, _samples(cursor, source, key, fault)) for fault, count in occurring.items()]


def occur(cursor: CursorWrapper, *, source: str, faults: Sequence[Fault]) -> dict[Fault, int]:
    """Of `faults` those that occur in the rows of `source`, with how often."""
    if not faults:
        return {}
    counts = ", ".join(f"count(*) FILTER (WHERE {fault.condition})" for fault in faults)
    with whole_tables(cursor):
        cursor.execute(f"SELECT {counts} FROM {source}")  # noqa: S608 - our own text
        return {fault: count for fault, count in zip(faults, cursor.fetchone(), strict=True) if count}


def _finding(fault: Fault, count: int, samples: list[str]) -> Finding:
    return Finding(
        id=fault.id,
        severity=fault.severity,
        where=fault.where,
        message=fault.message,
        count=count,
        samples=samples,
        fix=fault.fix,
        fix_sql=fault.fix_sql,
    )


def _samples(cursor: CursorWrapper, source: str, key: str, fault: Fault) -> list[str]:
    cursor.execute(
        f"SELECT {key} FROM {source} WHERE {fault.condition} ORDER BY 1 LIMIT {SAMPLES}"  # noqa: S608 - our own text
    )
    return [str(row[0]) for row in cursor.fetchall()]
