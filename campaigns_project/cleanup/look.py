"""Count what has lost its parent."""

from django.db import connection
from psycopg import sql

from campaigns_project.cleanup.references import Reference

SAMPLES = 5


def orphaned(reference: Reference) -> sql.Composed:
    """`FROM ... WHERE ...` of the rows (as `child`) that name a parent which is not there."""
    return sql.SQL(
        "FROM {table} child WHERE child.{column} IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM {parent} parent WHERE parent.{parent_key} = child.{column})"
    ).format(
        table=sql.Identifier(reference.table),
        column=sql.Identifier(reference.column),
        parent=sql.Identifier(reference.parent),
        parent_key=sql.Identifier(reference.parent_key),
    )


def look(reference: Reference) -> tuple[int, list[str]]:
    """How many rows have lost this parent, and the keys of the first few."""
    key, rows = sql.Identifier(reference.key), orphaned(reference)
    count = sql.SQL("SELECT count(*) {}").format(rows)
    first = sql.SQL("SELECT child.{key}::text {rows} ORDER BY child.{key} LIMIT {most}").format(
        key=key, rows=rows, most=sql.Literal(SAMPLES)
    )
    with connection.cursor() as cursor:
        cursor.execute(count)
        found = cursor.fetchone()[0]
        if not found:
            return 0, []
        cursor.execute(first)
        return found, [row[0] for row in cursor.fetchall()]
