"""How many rows hang on one, table by table."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Composable, Identifier, Literal

from campaigns.deletion.errors import SchemaIncomplete
from campaigns.deletion.relations import Place, Relation, Tree, label_of
from campaigns_project.database.plans import by_index, without_loops

# Keys in an array, which takes some forty bytes of the server's memory for each: of more, whole tables are compared.
FEW = 200_000


def count_beneath(tree: Tree, key: int) -> dict[str, int]:
    """Rows by label that go with the row `key` of the tree's root, itself included; a statement or two for each table.

    Refused (SchemaIncomplete) where the database lacks a table whose rows would have to be counted.
    """
    if tree.lacking:
        raise SchemaIncomplete(tree.lacking)
    counting = _Counting(tree, key)
    return {label_of(tree.root): 1, **{label_of(table): counting.rows_of(table) for table in tree.tables[1:]}}


def rows_beneath(tree: Tree, key: int) -> dict[str, list[dict[str, Any]]]:
    """The rows that `count_beneath` counts, by label, column by column as JSON has them; for subjects of few rows."""
    rows: dict[str, list[dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        for table in tree.tables:
            either = (
                SQL(" OR ").join(_hangs(way, key) for way in _ways(tree, table)) if table != tree.root else _is(key)
            )
            cursor.execute(
                SQL("SELECT to_jsonb(mine) FROM {} mine WHERE {} ORDER BY id").format(Identifier(table), either)
            )
            rows[label_of(table)] = [json.loads(row) if isinstance(row, str) else row for (row,) in cursor.fetchall()]
    return rows


def missing_tables(tree: Tree) -> list[str]:
    """Tables, or columns, of declared references that the database lacks."""
    return sorted({each.table for each in tree.missing})


def refusing(tree: Tree, key: int) -> list[Relation]:
    """By which foreign keys rows that stay hold rows that would go: the database would let none of those go."""
    found = [each for each in tree.relations if each.place is Place.REFUSES]
    if not found:
        return []
    with without_loops() as cursor:
        return [relation for relation in found if _holds(cursor, tree, relation, key)]


def _holds(cursor: CursorWrapper, tree: Tree, relation: Relation, key: int) -> bool:
    held = SQL(" OR ").join(_hangs([*way, relation], key) for way in _ways(tree, relation.parent))
    goes = [_hangs(way, key) for way in _ways(tree, relation.table) if way] if _is_in(tree, relation) else []
    stays = SQL(" AND ").join([SQL("({})").format(held), *(SQL("({}) IS NOT TRUE").format(way) for way in goes)])
    table = Identifier(relation.schema, relation.table) if relation.schema else Identifier(relation.table)
    cursor.execute(SQL("SELECT EXISTS (SELECT FROM {} WHERE {})").format(table, stays))
    return cursor.fetchone()[0]


def _is_in(tree: Tree, relation: Relation) -> bool:
    """Whether rows of its table may go as well; they go before what they refer to."""
    return not relation.schema and relation.table in tree.tables


class _Counting:
    """What hangs on one row, counted from it downwards: how many rows stand above others is known, and not guessed.

    What the planner guesses may be far off: in the minute after tables were emptied it takes them for empty however
    full they are again, and reads the one anew for each row of the other.
    """

    def __init__(self, tree: Tree, key: int):
        self._tree, self._key = tree, key
        self._along: dict[tuple[Relation, ...], int] = {(): 1}
        self._indexed = _indexed_columns()

    def rows_of(self, table: str) -> int:
        """One way after the other, each by its own index; an OR of them would read the whole table."""
        first, *others = _ways(self._tree, table)
        more = (self._count(way, [first, *others[:place]]) for place, way in enumerate(others))
        return self._rows_along(tuple(first)) + sum(more)

    def _rows_along(self, way: tuple[Relation, ...]) -> int:
        if way not in self._along:
            self._along[way] = self._count(way, [])
        return self._along[way]

    def _count(self, way: Sequence[Relation], before: Sequence[Sequence[Relation]]) -> int:
        """Rows at the end of `way` that none of the ways before has counted."""
        above = [self._rows_along(tuple(way[:end])) for end in range(1, len(way))]
        if 0 in above:
            return 0
        lookups = {(each.table, each.column) for each in way[1:]}
        looked_up = bool(lookups) and max(above) <= FEW and lookups <= self._indexed
        hanging = hangs_on(way, _equals(self._key), by=_OF_THESE if looked_up else _IN)
        new = SQL(" AND ").join(
            [hanging, *(SQL("({}) IS NOT TRUE").format(_hangs(each, self._key)) for each in before)]
        )
        with by_index() if looked_up else without_loops() as cursor:
            cursor.execute(SQL("SELECT count(*) FROM {} WHERE {}").format(Identifier(way[-1].table), new))
            return cursor.fetchone()[0]


def _ways(tree: Tree, table: str) -> list[list[Relation]]:
    """By constraints, rows of one campaign are found by any way alike; loosely they may hang by one and not another."""
    shortest = tree.path(table)
    if all(each.place is Place.REMOVED for each in shortest):
        return [shortest]
    others = [each for each in tree.relations if each.goes and each.table == table and each != shortest[-1]]
    return [shortest, *([*tree.path(each.parent), each] for each in others)]


def _is(key: int) -> Composable:
    return SQL("id = {}").format(Literal(key))


def _hangs(way: Sequence[Relation], key: int) -> Composable:
    return hangs_on(way, _equals(key))


def _equals(key: int) -> Composable:
    return SQL("= {}").format(Literal(key))


_IN = SQL("{} IN (SELECT {} FROM {} WHERE {})")
# Their keys are found first, and each is then looked up: nothing is left to the planner but which index that is.
_OF_THESE = SQL("{} = ANY(ARRAY(SELECT {} FROM {} WHERE {}))")


def hangs_on(way: Sequence[Relation], which: Composable, *, by: SQL = _IN) -> Composable:
    """The condition for rows at the end of `way` that hang on those rows of its root whose key is `which` (“= 5”)."""
    first, *others = way
    condition: Composable = SQL("{} {}").format(Identifier(first.column), which)
    above = first
    for relation in others:
        condition = by.format(
            Identifier(relation.column), Identifier(relation.parent_key), Identifier(above.table), condition
        )
        above = relation
    return condition


def _indexed_columns() -> set[tuple[str, str]]:
    """Tables with the columns that rows of theirs can be looked up by."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEXED)
        return {(table, column) for table, column in cursor.fetchall()}


_INDEXED = """
SELECT class.relname, attribute.attname
FROM pg_index index
JOIN pg_class class ON class.oid = index.indrelid AND class.relnamespace = current_schema()::regnamespace
JOIN pg_class itself ON itself.oid = index.indexrelid
JOIN pg_am kind ON kind.oid = itself.relam AND kind.amname = 'btree'
JOIN pg_attribute attribute ON attribute.attrelid = class.oid AND attribute.attnum = index.indkey[0]
WHERE index.indisvalid AND (index.indpred IS NULL
  OR pg_get_expr(index.indpred, index.indrelid) = format('(%I IS NOT NULL)', attribute.attname))
"""
