"""How many rows hang on one, table by table."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Composable, Identifier, Literal

from campaigns.deletion.errors import SchemaIncomplete
from campaigns.deletion.relations import Place, Relation, Tree, label_of


def count_beneath(tree: Tree, key: int) -> dict[str, int]:
    """Rows by label that go with the row `key` of the tree's root, itself included; a statement for each table.

    Refused (SchemaIncomplete) where the database lacks a table whose rows would have to be counted.
    """
    if tree.lacking:
        raise SchemaIncomplete(tree.lacking)
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        for table in tree.tables[1:]:
            cursor.execute(_counting(tree, table, key))
            counts[label_of(table)] = cursor.fetchone()[0]
    return {label_of(tree.root): 1, **counts}


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
    with connection.cursor() as cursor:
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


def _counting(tree: Tree, table: str, key: int) -> Composable:
    ways = [_hangs(way, key) for way in _ways(tree, table)]
    either = SQL(" OR ").join(ways)
    if len(ways) == 1:
        return SQL("SELECT count(*) FROM {} WHERE {}").format(Identifier(table), either)
    # One way after the other, each by its own index; an OR of them would read the whole table.
    return SQL("SELECT {}").format(SQL(" + ").join(_after(table, ways[:place], way) for place, way in enumerate(ways)))


def _after(table: str, before: Sequence[Composable], way: Composable) -> Composable:
    """Those of `way` that none of the ways before has counted."""
    new = SQL(" AND ").join([way, *(SQL("({}) IS NOT TRUE").format(each) for each in before)])
    return SQL("(SELECT count(*) FROM {} WHERE {})").format(Identifier(table), new)


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
    return hangs_on(way, SQL("= {}").format(Literal(key)))


def hangs_on(way: Sequence[Relation], which: Composable) -> Composable:
    """The condition for rows at the end of `way` that hang on those rows of its root whose key is `which` (“= 5”)."""
    first, *others = way
    condition: Composable = SQL("{} {}").format(Identifier(first.column), which)
    above = first
    for relation in others:
        condition = SQL("{} IN (SELECT {} FROM {} WHERE {})").format(
            Identifier(relation.column), Identifier(relation.parent_key), Identifier(above.table), condition
        )
        above = relation
    return condition
