"""The audit log's hash chain: whether it is sealed in time. What was done behind its back is found by verification."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection

from campaigns_project.runtime.health.check import Check, Level, counted, in_words

LATE = timedelta(minutes=10)  # the tick seals every few seconds


def examine_audit() -> Iterator[Check]:
    """What waits to be sealed, and when that was last done."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        waiting, oldest, last = cursor.fetchone()
    sealed = f"the last seal is {in_words(last)} old" if last is not None else "nothing was sealed yet"
    if oldest is not None and oldest > LATE:
        message = f"{counted(waiting, 'entry', 'entries')} not sealed, the oldest for {in_words(oldest)}; {sealed}."
        fix = "The tick seals them: see that one leads (manage.py run_worker)."
        yield Check("audit", Level.FAIL, message, fix)
    else:
        message = f"Entries are sealed as they come: {waiting:,} waiting; {sealed}."
        yield Check("audit", Level.OK, message)


# The list of what waits is short while the tick works, and looked at only so far where it does not.
_STATE = """
SELECT (SELECT count(*) FROM (SELECT FROM audit_unsealed LIMIT 100000) listed),
       (SELECT now() - log.created_at FROM audit_unsealed waiting JOIN audit_log log ON log.id = waiting.entry_ref
        ORDER BY waiting.entry_ref LIMIT 1),
       now() - (SELECT sealed_at FROM audit_seals ORDER BY id DESC LIMIT 1)
"""
