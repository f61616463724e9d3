"""Texts that may mention a person without being about them: what servers answered, what people and programs noted.

Each stays, with "(erased)" where the address stood. Those that hang on other people are in `campaigns.mentions`.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import batched
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django_q.models import OrmQ, Task
from psycopg.sql import SQL, Composable, Identifier, Literal

from campaigns.deletion.counting import hangs_on
from campaigns.deletion.relations import tree_of
from campaigns.locks import retried
from campaigns.mentions import mentioning, mentioning_anybody
from campaigns.persons.traces import ERASED, Traces
from campaigns_project.database.plans import without_loops
from leads.models import Lead

# Table to its texts, for those that have the organization's number, and for those of the whole system.
OF_ORGANIZATION: Mapping[str, tuple[str, ...]] = {
    "campaigns": ("description", "status_message", "status_error", "url", "file_name", "lead_source"),
    "instantly_accounts": ("last_error", "workspace_name"),
    "de_enrollment_runs": ("reason", "error_message"),
    "jobs": ("result", "state", "error_message"),
    "mailboxes": ("status_reason", "last_error"),
    "lead_imports": ("file_name", "options", "dry_run", "error_message"),
    "provider_accounts": ("last_error",),
    "segments": ("description", "rules"),
    "senders": ("status_reason", "health"),
    "sending_halts": ("reason",),
    "suppressions": ("source",),
    "webhook_endpoints": ("description", "status_reason"),
}
# Those of an organization's webhook endpoints: what was told of people, and what receivers said.
OF_ENDPOINTS: Mapping[str, tuple[str, ...]] = {"webhook_deliveries": ("payload", "response_body", "error")}
# What was noted beside the numbers of an organization.
OF_METRICS: Mapping[str, tuple[str, ...]] = {"metric_entries": ("note",)}
# Those of an organization's campaigns that Instantly delivers: what Instantly said.
OF_CAMPAIGNS: Mapping[str, tuple[str, ...]] = {"instantly_handovers": ("last_error", "poll_error")}
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
BATCH = 500  # rows that are changed at once: whoever sends to them waits for milliseconds


def erase_from_texts(lead: Lead, traces: Traces) -> dict[str, int]:
    """Take the addresses out of all of them; answers how many rows had one.

    The lead's own rows are left as they are, since they go with it: cut off before that, it is known by them again.
    """
    mentions = sum(_take_out(table, columns, whose, traces) for table, columns, whose in _searched(lead))
    return {"mentions": mentions, "queued_tasks": _forget_tasks(traces)}


def _searched(lead: Lead) -> Iterator[tuple[str, Sequence[str], Composable]]:
    """Every table with its texts, and the condition for the rows that are looked at."""
    of_organization = SQL("organization_id = {}").format(Literal(lead.organization_id))
    others = SQL("{} AND id <> {}").format(of_organization, Literal(lead.pk))
    on_others, tree = SQL("IN (SELECT id FROM leads WHERE {})").format(others), tree_of(Lead)
    yield from (
        (table, columns, of_organization) for table, columns in {**OF_ORGANIZATION, **mentioning_anybody()}.items()
    )
    yield from ((table, columns, others) for table, columns in OTHER_LEADS.items())
    yield from ((table, columns, hangs_on(tree.path(table), on_others)) for table, columns in mentioning().items())
    of_endpoints = SQL("endpoint_id IN (SELECT id FROM webhook_endpoints WHERE {})").format(of_organization)
    yield from ((table, columns, of_endpoints) for table, columns in OF_ENDPOINTS.items())
    of_metrics = SQL("metric_id IN (SELECT id FROM metric_definitions WHERE {})").format(of_organization)
    yield from ((table, columns, of_metrics) for table, columns in OF_METRICS.items())
    of_campaigns = SQL("campaign_id IN (SELECT id FROM campaigns WHERE {})").format(of_organization)
    yield from ((table, columns, of_campaigns) for table, columns in OF_CAMPAIGNS.items())
    yield from ((table, columns, SQL("true")) for table, columns in OF_ALL.items())


def _take_out(table: str, columns: Sequence[str], whose: Composable, traces: Traces) -> int:
    """A large table is read once, for all columns, and no row is held meanwhile."""
    with without_loops() as cursor:
        parts = [_Column(table, column, cursor) for column in columns]
        mentions = SQL(" OR ").join(part.mentions for part in parts)
        find = SQL("SELECT id FROM {table} WHERE {whose} AND ({mentions}) ORDER BY id")
        cursor.execute(find.format(table=Identifier(table), whose=whose, mentions=mentions), _wanted(traces))
        found = [number for (number,) in cursor.fetchall()]
    empty = SQL("UPDATE {table} SET {emptied} WHERE id = ANY(%(some)s) AND ({mentions})").format(
        table=Identifier(table), emptied=SQL(", ").join(part.emptied for part in parts), mentions=mentions
    )
    return sum(_empty(empty, {**_wanted(traces), "some": list(some)}) for some in batched(found, BATCH))


@retried
@transaction.atomic
def _empty(statement: Composable, wanted: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, wanted)
        return cursor.rowcount


def _wanted(traces: Traces) -> dict[str, Any]:
    return {
        "pattern": traces.pattern,
        "pattern_in_json": traces.pattern_in_json,
        "likes": traces.likes,
        "erased": ERASED,
    }


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
