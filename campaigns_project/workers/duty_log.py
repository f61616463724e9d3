"""When each duty of the tick was last done: kept in memory by the tick, written in one statement now and then."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from campaigns_project.workers.models import DutyRun

LONGEST_ERROR = 500


@dataclass(frozen=True)
class Ran:
    """One run: when it ended (monotonic), how long it took, and what went wrong; "" when nothing did."""

    every_seconds: float
    ended: float
    took_seconds: float
    error: str = ""


class DutyLog:
    """Remembers the last run of every duty until it is written."""

    def __init__(self) -> None:
        self._unwritten: dict[str, Ran] = {}

    def note(self, name: str, *, every_seconds: float, begun: float, error: Exception | None = None) -> None:
        """A duty that began at `begun` (monotonic) has just ended."""
        now = time.monotonic()
        said = f"{type(error).__name__}: {error}"[:LONGEST_ERROR] if error else ""
        self._unwritten[name] = Ran(every_seconds, now, now - begun, said)

    def write(self) -> int:
        """Write what was noted since the last time; answers how many duties that were."""
        runs, self._unwritten = self._unwritten, {}
        if runs:
            _upsert(runs)
        return len(runs)


def _upsert(runs: Mapping[str, Ran]) -> None:
    now = time.monotonic()
    columns = zip(
        *[(name, ran.every_seconds, now - ran.ended, ran.took_seconds, ran.error) for name, ran in runs.items()],
        strict=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [list(column) for column in columns])


_UPSERT = f"""
INSERT INTO {DutyRun._meta.db_table} AS kept
       (name, every_seconds, ran_at, took_seconds, succeeded_at, failed_at, error)
SELECT name, every, statement_timestamp() - make_interval(secs => ago), took,
       CASE WHEN error = '' THEN statement_timestamp() - make_interval(secs => ago) END,
       CASE WHEN error <> '' THEN statement_timestamp() - make_interval(secs => ago) END, error
FROM unnest(%s::text[], %s::float8[], %s::float8[], %s::float8[], %s::text[]) ran (name, every, ago, took, error)
ORDER BY name
ON CONFLICT (name) DO UPDATE SET
    every_seconds = excluded.every_seconds, ran_at = excluded.ran_at, took_seconds = excluded.took_seconds,
    succeeded_at = coalesce(excluded.succeeded_at, kept.succeeded_at),
    failed_at = coalesce(excluded.failed_at, kept.failed_at),
    error = CASE WHEN excluded.error = '' THEN kept.error ELSE excluded.error END
"""  # noqa: S608 - our own table's name
