"""Remove rows with everything beneath them, a bounded number at a time, each counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Composable, Identifier

from campaigns.deletion.errors import RowsStay
from campaigns.deletion.relations import Relation, Tree

WINDOW = 50_000  # keys held at once of the rows that are worked through


@dataclass
class Batch:
    """What one transaction removes: about `room` rows, and at most twice as many.

    Parents are locked before what is beneath them is removed: the order all of us keep (`campaigns.locks`), and nothing
    can be added below a row meanwhile. So the counts are right, and the database's own cascade finds nothing to do.
    """

    cursor: CursorWrapper
    tree: Tree
    room: int
    removed: Counter[str] = field(default_factory=Counter)

    @property
    def is_full(self) -> bool:
        return self.room <= 0

    def remove_below(self, relation: Relation, keys: Sequence[int]) -> bool:
        """What hangs by `relation` on these rows of its parent; False when the batch was full before all was gone."""
        if not self.tree.below(relation.table):
            self._count(relation.table, self._delete_leaves(relation, keys))
            return not self.is_full
        while not self.is_full:
            wanted = self.room
            taken = self._keys_below(relation, keys)
            if taken:
                self.remove(relation.table, taken)
            if len(taken) < wanted:
                return not self.is_full
        return False

    def remove(self, table: str, keys: Sequence[int]) -> bool:
        """These rows of `table` with everything beneath; False when the batch was full before they themselves went.

        RowsStay where the database keeps some: they would be looked for again, for ever.
        """
        below = self.tree.below(table)
        key = below[0].parent_key
        there = self._execute(_LOCK, keys, table=table, key=key)
        if not all(self.remove_below(relation, keys) for relation in below):
            return False
        gone = self._execute(_DELETE, keys, table=table, key=key)
        if gone < there:
            raise RowsStay(table, there - gone)
        self._count(table, gone)
        return True

    def _count(self, table: str, number: int) -> None:
        self.removed[table] += number
        self.room -= number

    def _delete_leaves(self, relation: Relation, keys: Sequence[int]) -> int:
        return self._execute(_DELETE_LEAVES, keys, self.room, table=relation.table, column=relation.column)

    def _keys_below(self, relation: Relation, keys: Sequence[int]) -> list[int]:
        names = {
            "table": relation.table,
            "column": relation.column,
            "key": self.tree.below(relation.table)[0].parent_key,
        }
        self._execute(_KEYS_BELOW, keys, self.room, **names)
        return [row[0] for row in self.cursor.fetchall()]

    def _execute(self, statement: SQL, keys: Sequence[int], *params: int, **names: str) -> int:
        self.cursor.execute(_named(statement, **names), [list(keys), *params])
        return self.cursor.rowcount


def keys_of(cursor: CursorWrapper, tree: Tree, relation: Relation, parent: int) -> list[int]:
    """Keys, at most WINDOW and in their order, of the rows that hang by `relation` on the row `parent`."""
    key = tree.below(relation.table)[0].parent_key
    statement = _named(_KEYS_BELOW, table=relation.table, column=relation.column, key=key)
    cursor.execute(statement, [[parent], WINDOW])
    # Sorted here: with an ORDER BY the planner would sort the whole campaign for each window, or read all of the table.
    return sorted(row[0] for row in cursor.fetchall())


def is_there_any(cursor: CursorWrapper, relation: Relation, parent: int) -> bool:
    """Whether a row still hangs by `relation` on the row `parent`."""
    cursor.execute(_named(_ANY_BELOW, table=relation.table, column=relation.column), [[parent]])
    return cursor.fetchone()[0]


def _named(statement: SQL, **names: str) -> Composable:
    return statement.format(**{name: Identifier(value) for name, value in names.items()})


_LOCK = SQL("SELECT FROM {table} WHERE {key} = ANY(%s::bigint[]) ORDER BY {key} FOR UPDATE")
_DELETE = SQL("DELETE FROM {table} WHERE {key} = ANY(%s::bigint[])")
_KEYS_BELOW = SQL("SELECT {key} FROM {table} WHERE {column} = ANY(%s::bigint[]) LIMIT %s")
_ANY_BELOW = SQL("SELECT EXISTS (SELECT FROM {table} WHERE {column} = ANY(%s::bigint[]))")
# By place, not by key: a stray table that refers to us need not have one.
_DELETE_LEAVES = SQL(
    "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {column} = ANY(%s::bigint[]) LIMIT %s))"
)
