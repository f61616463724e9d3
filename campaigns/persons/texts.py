"""Texts that may mention a person without being about them: what servers answered, what people and programs noted.

Each stays, with "(erased)" where the address stood. Tables with a row for each recipient or event are not among them:
what they say is about their own person, and goes with that one.
"""

from collections import Counter
from collections.abc import Mapping

from django.db import connection
from django_q.models import OrmQ, Task
from psycopg.sql import SQL, Composable, Identifier, Literal

from campaigns.persons.traces import ERASED, Traces

# Table to its texts, for those that have the organization's number, and for those of the whole system.
OF_ORGANIZATION: Mapping[str, tuple[str, ...]] = {
    "campaigns": ("description", "status_message", "status_error", "url", "file_name", "lead_source"),
    "jobs": ("result", "state", "error_message"),
    "lead_imports": ("file_name", "options", "dry_run", "error_message"),
    "provider_accounts": ("last_error",),
    "segments": ("description", "rules"),
    "senders": ("status_reason", "health"),
    "sending_halts": ("reason",),
    "suppressions": ("source",),
}
OF_ALL: Mapping[str, tuple[str, ...]] = {
    "duty_runs": ("error",),
    "orphan_reports": ("problems",),
    "verification_reports": ("content",),
    "worker_heartbeats": ("detail",),
}
# Notes on other people, found by the lead they are about.
OF_LEADS: Mapping[str, tuple[str, ...]] = {"lead_notes": ("text",)}


def erase_from_texts(organization_id: int, traces: Traces) -> dict[str, int]:
    """Take the addresses out of all of them; answers how many rows had one, by table."""
    whose = SQL("organization_id = {}").format(Literal(organization_id))
    of_leads = SQL("lead_id IN (SELECT id FROM leads WHERE organization_id = {})").format(Literal(organization_id))
    done: Counter[str] = Counter()
    searched: list[tuple[Mapping[str, tuple[str, ...]], Composable]] = [
        (OF_ORGANIZATION, whose),
        (OF_LEADS, of_leads),
        (OF_ALL, SQL("true")),
    ]
    for tables, condition in searched:
        for table, columns in tables.items():
            done["mentions"] += sum(_take_out(table, column, condition, traces) for column in columns)
    done["queued_tasks"] = _forget_tasks(traces)
    return dict(done)


def _take_out(table: str, column: str, condition: Composable, traces: Traces) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_KIND, [table, column])
        kind = cursor.fetchone()[0]
        names = {"table": Identifier(table), "column": Identifier(column), "kind": Identifier(kind)}
        statement = SQL(_TAKE_OUT).format(**names, whose=condition)
        cursor.execute(statement, {"pattern": traces.pattern, "likes": traces.likes, "erased": ERASED})
        return cursor.rowcount


def _forget_tasks(traces: Traces) -> int:
    """Tasks take numbers and no addresses; of one that failed the error may say more."""
    named = [task.pk for task in Task.objects.all() if _mentions(traces, task.args, task.kwargs, task.result)]
    queued = [row.pk for row in OrmQ.objects.all() if _mentions(traces, row.task)]
    Task.objects.filter(pk__in=named).delete()
    OrmQ.objects.filter(pk__in=queued).delete()
    return len(named) + len(queued)


def _mentions(traces: Traces, *values: object) -> bool:
    said = repr(values).lower()
    return any(address in said for address in traces.written)


# Back to what it was: JSON or a text.
_KIND = """
SELECT typname FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
WHERE attrelid = %s::regclass AND attname = %s
"""
_TAKE_OUT = """
UPDATE {table} SET {column} = regexp_replace({column}::text, %(pattern)s, %(erased)s, 'gi')::{kind}
WHERE {whose} AND lower({column}::text) LIKE ANY (%(likes)s) AND {column}::text ~* %(pattern)s
"""
