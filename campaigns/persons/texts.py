"""Texts that may mention a person without being about them: what servers answered, what people and programs noted.

Each stays, with "(erased)" where the address stood. Tables with a row for each recipient or event are not among them:
what they say is about their own person, and goes with that one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django_q.models import OrmQ, Task
from psycopg.sql import SQL, Composable, Identifier, Literal

from campaigns.persons.traces import ERASED, Traces
from leads.models import Lead

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
# Other people themselves: what somebody wrote into one of their fields.
OTHER_LEADS: Mapping[str, tuple[str, ...]] = {
    "leads": ("custom", "first_name", "last_name", "company", "title", "website", "linkedin_url"),
}
# Notes on other people and changes of their fields, found by the lead they are about.
OF_LEADS: Mapping[str, tuple[str, ...]] = {"lead_notes": ("text",), "lead_changes": ("changes",)}


def erase_from_texts(lead: Lead, traces: Traces) -> dict[str, int]:
    """Take the addresses out of all of them; answers how many rows had one.

    The lead's own rows are left as they are, since they go with it: cut off before that, it is known by them again.
    """
    own = {"organization": Literal(lead.organization_id), "lead": Literal(lead.pk)}
    searched: list[tuple[Mapping[str, tuple[str, ...]], str]] = [
        (OF_ORGANIZATION, "organization_id = {organization}"),
        (OTHER_LEADS, "organization_id = {organization} AND id <> {lead}"),
        (OF_LEADS, "lead_id <> {lead} AND lead_id IN (SELECT id FROM leads WHERE organization_id = {organization})"),
        (OF_ALL, "true"),
    ]
    done: Counter[str] = Counter()
    for tables, whose in searched:
        for table, columns in tables.items():
            done["mentions"] += _take_out(table, columns, SQL(whose).format(**own), traces)
    done["queued_tasks"] = _forget_tasks(traces)
    return dict(done)


def _take_out(table: str, columns: Sequence[str], whose: Composable, traces: Traces) -> int:
    """One statement for all columns, so that a large table is read once."""
    with connection.cursor() as cursor:
        parts = [_Column(table, column, cursor) for column in columns]
        statement = SQL(_TAKE_OUT).format(
            table=Identifier(table),
            emptied=SQL(", ").join(part.emptied for part in parts),
            mentions=SQL(" OR ").join(part.mentions for part in parts),
            whose=whose,
        )
        wanted: dict[str, Any] = {
            "pattern": traces.pattern,
            "pattern_in_json": traces.pattern_in_json,
            "likes": traces.likes,
            "erased": ERASED,
        }
        cursor.execute(statement, wanted)
        return cursor.rowcount


class _Column:
    """Of one column: the address taken out, and whether it has one. What is taken out leaves it what it was."""

    def __init__(self, table: str, column: str, cursor: CursorWrapper):
        cursor.execute(_KIND, [table, column])
        kind = cursor.fetchone()[0]
        pattern = SQL("%(pattern_in_json)s" if kind == "jsonb" else "%(pattern)s")
        names = {"column": Identifier(column), "kind": Identifier(kind), "pattern": pattern}
        self.emptied = SQL(_EMPTIED).format(**names)
        self.mentions = SQL(_MENTIONED).format(**names)


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


_KIND = """
SELECT typname FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
WHERE attrelid = %s::regclass AND attname = %s
"""
_EMPTIED = "{column} = regexp_replace({column}::text, {pattern}, %(erased)s, 'gi')::{kind}"
_MENTIONED = "(lower({column}::text) LIKE ANY (%(likes)s) AND {column}::text ~* {pattern})"
_TAKE_OUT = "UPDATE {table} SET {emptied} WHERE {whose} AND ({mentions})"
