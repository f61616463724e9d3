"""Remove what has lost its parent, a batch at a time, each committed by itself."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from campaigns_project.cleanup.archive import Archive
from campaigns_project.cleanup.look import orphaned
from campaigns_project.cleanup.references import Reference

LOCK_WAIT = "5s"  # whoever works on a row for longer keeps it; the next run finds it again


def remove(reference: Reference, *, batch_size: int, archive: Archive | None = None) -> Iterator[int]:
    """Delete the rows that have lost this parent, or clear the column where that is the key's rule.

    Yields how many a batch had, when it is committed. Goes through the table by its key, so that no batch looks again
    at what an earlier one has seen. Raises django.db.Error for a batch that failed; those before it stay done.
    """
    last = None
    while keys := _batch(reference, after=last, batch_size=batch_size, archive=archive):
        yield len(keys)
        if len(keys) < batch_size:
            break
        last = keys[-1]


@transaction.atomic
def _batch(reference: Reference, *, after: Any, batch_size: int, archive: Archive | None) -> list[Any]:
    keys = _locked(reference, after=after, most=batch_size)
    if keys:
        if archive is not None:
            archive.keep(reference, keys)
        _mend(reference, keys)
    return keys


def _locked(reference: Reference, *, after: Any, most: int) -> list[Any]:
    """The next keys in order, held to the end of the transaction."""
    key = sql.Identifier(reference.key)
    onward = sql.SQL("") if after is None else sql.SQL("AND child.{} > {}").format(key, sql.Literal(after))
    statement = sql.SQL("SELECT child.{key} {rows} {onward} ORDER BY child.{key} LIMIT {most} FOR UPDATE OF child")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_WAIT])
        cursor.execute(statement.format(key=key, rows=orphaned(reference), onward=onward, most=sql.Literal(most)))
        return [row[0] for row in cursor.fetchall()]


def _mend(reference: Reference, keys: list[Any]) -> None:
    act = "UPDATE {table} SET {column} = NULL" if reference.clears else "DELETE FROM {table}"
    statement = sql.SQL(act + " WHERE {key} = ANY(%s)").format(
        table=sql.Identifier(reference.table),
        column=sql.Identifier(reference.column),
        key=sql.Identifier(reference.key),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [keys])
