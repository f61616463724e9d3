"""Rows about to be removed, as lines of JSON in a file that only its owner reads: they hold personal data."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.db import connection
from psycopg import sql

from campaigns_project.cleanup.references import Reference, below
from campaigns_project.errors import Refused
from campaigns_project.private_files import create


class Archive:
    """One new file. A line is `{"table": ..., "because": ..., "row": {...}}`, on the disk before its row is gone."""

    def __init__(self, path: Path):
        try:
            handle = create(path)
        except FileExistsError:
            raise Refused("archive_exists", f"The file {path} is there already.", "Name a new one.") from None
        except OSError as error:
            raise Refused(
                "archive_not_writable", f"The file {path} cannot be written: {error.strerror}.", "Name another."
            ) from None
        self._file = os.fdopen(handle, "w", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def keep(self, reference: Reference, keys: list[Any]) -> None:
        """Write down these rows and what the database deletes with them; on the disk when it returns."""
        self._rows(reference.table, reference.key, keys, because=str(reference))
        if not reference.clears:
            self._below(reference.table, keys, because=str(reference))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _below(self, table: str, keys: list[Any], *, because: str) -> None:
        for child in below(table):
            found = _keys_of(child, keys)
            if found:
                self._rows(child.table, child.key, found, because=because)
                self._below(child.table, found, because=because)

    def _rows(self, table: str, key: str, keys: Iterable[Any], *, because: str) -> None:
        statement = sql.SQL("SELECT to_jsonb(kept)::text FROM {table} kept WHERE {key} = ANY(%s) ORDER BY {key}")
        with connection.cursor() as cursor:
            cursor.execute(statement.format(table=sql.Identifier(table), key=sql.Identifier(key)), [list(keys)])
            for (row,) in cursor.fetchall():
                line = {"table": table, "because": because, "row": json.loads(row)}
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _keys_of(child: Reference, parents: list[Any]) -> list[Any]:
    statement = sql.SQL("SELECT {key} FROM {table} WHERE {column} = ANY(%s)").format(
        key=sql.Identifier(child.key), table=sql.Identifier(child.table), column=sql.Identifier(child.column)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [parents])
        return [row[0] for row in cursor.fetchall()]
