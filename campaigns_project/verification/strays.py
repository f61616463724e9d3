"""Columns that seem to speak of campaigns, and that neither the database nor a model knows anything about."""

from collections.abc import Iterator

from django.apps import apps
from django.db.backends.utils import CursorWrapper

from campaigns_project.references import loose_references
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.finding import SAMPLES, Finding, Severity
from campaigns_project.verification.names import quoted

COLUMN, CAMPAIGNS = "campaign_id", "campaigns"
NUMBERS = {"bigint", "integer"}  # the text slug of a campaign has this name too, and is no reference


def check_strays(cursor: CursorWrapper, live: Catalogue) -> Iterator[Finding]:
    """Tables with a numeric `campaign_id` that has no foreign key and is declared nowhere: nothing ever cleans them."""
    known = _declared() | _modelled() | {table for table, _ in _constrained(cursor)}
    for entry in live["columns"].values():
        if entry["column"] == COLUMN and entry["type"] in NUMBERS and entry["table"] not in known:
            yield _stray(cursor, entry["table"], live)


def _declared() -> set[str]:
    return {model._meta.db_table for model, reference in loose_references() if reference.column == COLUMN}


def _modelled() -> set[str]:
    """Tables whose model has a foreign key here: where the database lacks it, that is a finding of its own."""
    models = apps.get_models(include_auto_created=True)
    return {
        model._meta.db_table
        for model in models
        for field in model._meta.local_fields
        if field.column == COLUMN and field.is_relation
    }


def _constrained(cursor: CursorWrapper) -> list[tuple[str, str]]:
    cursor.execute(
        "SELECT t.relname, a.attname FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid"
        " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (k.conkey)"
        " WHERE k.contype = 'f' AND a.attname = %s AND pg_table_is_visible(t.oid)",
        [COLUMN],
    )
    return list(cursor.fetchall())


def _stray(cursor: CursorWrapper, table: str, live: Catalogue) -> Finding:
    rows, dead, samples = _rows(cursor, table, live)
    named = f"{rows:,} rows name a campaign, {dead:,} of them one that is gone. " if rows else ""
    return Finding(
        "stray_campaign_id",
        Severity.ERROR,
        f"{table}.{COLUMN}",
        f"No foreign key and no model stands behind this column. {named}"
        "Deleting a campaign leaves its rows here, and nothing is ever removed by guess.",
        count=max(rows, 1),
        samples=samples,
        fix="Drop the table, give the column a foreign key with ON DELETE CASCADE, or declare it (loose_references).",
    )


def _rows(cursor: CursorWrapper, table: str, live: Catalogue) -> tuple[int, int, list[str]]:
    """How many rows name a campaign, how many of them one that is gone, and a few of those."""
    cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [quoted(table)])
    if not cursor.fetchone()[0] or CAMPAIGNS not in live["tables"]:
        return 0, 0, []
    stray = f"{quoted(table)} s LEFT JOIN {CAMPAIGNS} c ON c.id = s.{COLUMN}"
    cursor.execute(f"SELECT count(s.{COLUMN}), count(s.{COLUMN}) FILTER (WHERE c.id IS NULL) FROM {stray}")  # noqa: S608
    rows, dead = cursor.fetchone()
    gone = f"SELECT DISTINCT s.{COLUMN} FROM {stray} WHERE c.id IS NULL AND s.{COLUMN} IS NOT NULL ORDER BY 1"  # noqa: S608
    cursor.execute(f"{gone} LIMIT {SAMPLES}")
    return rows, dead, [str(number) for (number,) in cursor.fetchall()]
