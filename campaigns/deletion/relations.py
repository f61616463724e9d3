"""What belongs to what, as the models declare it and as the database has it: both, since either may lack something."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from django.apps import apps
from django.db import connection, models
from django.db.models import Model

from campaigns_project.references import loose_references


class Place(StrEnum):
    """What becomes of the rows that refer to one that is deleted."""

    REMOVED = "removed"  # by ON DELETE CASCADE
    LOOSE = "loose"  # removed too, but no constraint says so: the model declares it
    KEPT = "kept"  # their reference becomes NULL
    REFUSES = "refuses"  # the database would not let the row go; nothing of ours may do that


@dataclass(frozen=True, order=True)
class Relation:
    """`column` of `table` holds the key (`parent_key`) of a row of `parent`.

    `schema` is named where it is another than ours; `constraint` where the database told of it.
    """

    table: str
    column: str
    parent: str
    parent_key: str
    place: Place
    schema: str = ""
    constraint: str = field(default="", compare=False)

    @property
    def goes(self) -> bool:
        """Whether its rows are removed with the parent."""
        return self.place in {Place.REMOVED, Place.LOOSE}


@dataclass(frozen=True)
class Tree:
    """Everything beneath one table, `root`. Relations the database has no table or column for stand in `missing`."""

    root: str
    relations: list[Relation]
    missing: list[Relation] = field(default_factory=list)

    def below(self, table: str) -> list[Relation]:
        """What is removed with rows of `table`: whoever refers to another of them stands before it."""
        left = [relation for relation in self.relations if relation.parent == table and relation.goes]
        ordered: list[Relation] = []
        while left:
            free = [each for each in left if not self._is_referred_to(each.table, left)]
            ordered += free or left[:1]  # in a circle anybody may begin: constraints that hold do the rest
            left = [each for each in left if each not in ordered]
        return ordered

    def _is_referred_to(self, table: str, by: Iterable[Relation]) -> bool:
        others = {each.table for each in by} - {table}
        return any(each.parent == table and each.table in others for each in self.relations)

    @property
    def tables(self) -> list[str]:
        """Every table that loses rows, the root first, parents before children."""
        return list(dict.fromkeys([self.root, *(each.table for each in self.relations if each.goes)]))

    @property
    def lacking(self) -> list[str]:
        """Tables the database lacks though a constraint ties them to the root: what goes cannot be known."""
        tied = {self.root}
        for relation in self.relations:
            if relation.place is Place.REMOVED and relation.parent in tied:
                tied.add(relation.table)
        return sorted({each.table for each in self.missing if each.place is Place.REMOVED and each.parent in tied})

    def path(self, table: str) -> list[Relation]:
        """The shortest way from the root down to `table`; by constraints alone where there is such a way."""
        ways: dict[str, list[Relation]] = {self.root: []}
        for places in ({Place.REMOVED}, {Place.REMOVED, Place.LOOSE}):
            frontier = list(ways)
            while frontier:
                found = [each for each in self.relations if each.parent in frontier and each.place in places]
                new = [each for each in found if each.table not in ways]
                for relation in new:
                    ways.setdefault(relation.table, [*ways[relation.parent], relation])
                frontier = list(dict.fromkeys(each.table for each in new))
        return ways[table]


def tree_of(root: type[Model]) -> Tree:
    """What hangs on rows of `root`, through any number of others; both what models declare and what constraints say."""
    known = dict.fromkeys([*_declared(), *_constraints()])
    columns = _columns()
    relations = list(_reached(root._meta.db_table, _one_place_each(known)))
    present = [each for each in relations if each.schema or (each.table, each.column) in columns]
    return Tree(root._meta.db_table, present, [each for each in relations if each not in present])


def label_of(table: str) -> str:
    """What the rows of `table` are called, lower_snake: `recipients`; the table's name where it is no model's."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table == table:
            return str(model._meta.verbose_name_plural).lower().replace(" ", "_")
    return table


def _one_place_each(known: Iterable[Relation]) -> list[Relation]:
    """Where model and database differ (drift), the model's word counts: it stands first."""
    first: dict[tuple[str, str, str, str], Relation] = {}
    for relation in known:
        first.setdefault((relation.schema, relation.table, relation.column, relation.parent), relation)
    return list(first.values())


def _reached(root: str, known: list[Relation]) -> Iterator[Relation]:
    waiting, seen = [root], {root}
    while waiting:
        parent = waiting.pop(0)
        for relation in known:
            if relation.parent == parent:
                yield relation
                if relation.goes and relation.table not in seen:
                    seen.add(relation.table)
                    waiting.append(relation.table)


def _declared() -> Iterator[Relation]:
    for model in apps.get_models(include_auto_created=True):
        keys = [each for each in model._meta.local_concrete_fields if isinstance(each, models.ForeignKey)]
        for each in keys if not model._meta.proxy else []:
            if each.target_field.primary_key:
                yield Relation(model._meta.db_table, each.column, *_key_of(each.target_field.model), _place(each))
    for model, reference in loose_references():
        yield Relation(model._meta.db_table, reference.column, *_key_of(reference.target), Place.LOOSE)


def _key_of(model: type[Model]) -> tuple[str, str]:
    """Table and column of the primary key."""
    key = model._meta.pk
    return model._meta.db_table, (key.column if key else None) or "id"


def _place(key: models.ForeignKey) -> Place:
    rule = key.remote_field.on_delete
    if rule in {models.DB_CASCADE, models.CASCADE}:
        return Place.REMOVED
    return Place.KEPT if rule in {models.DB_SET_NULL, models.SET_NULL} else Place.REFUSES


def _constraints() -> Iterator[Relation]:
    with connection.cursor() as cursor:
        cursor.execute(_FOREIGN_KEYS)
        for table, column, parent, parent_key, rule, schema, constraint in cursor.fetchall():
            place = {"c": Place.REMOVED, "n": Place.KEPT, "d": Place.KEPT}.get(rule, Place.REFUSES)
            yield Relation(table, column, parent, parent_key, place, schema, constraint)


def _columns() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        return {(table, column) for table, column in cursor.fetchall()}


# Of one column, to a primary key: all of ours are such. Any other goes by its own constraint when the row goes, and so
# does one in another schema; but whatever refuses to let a row go has to be known beforehand.
_FOREIGN_KEYS = """
SELECT child.relname, mine.attname, parent.relname, theirs.attname, constr.confdeltype::text,
  CASE WHEN child.relnamespace = current_schema()::regnamespace THEN '' ELSE space.nspname END, constr.conname
FROM pg_constraint constr
JOIN pg_class child ON child.oid = constr.conrelid
JOIN pg_namespace space ON space.oid = child.relnamespace
JOIN pg_class parent ON parent.oid = constr.confrelid
JOIN pg_attribute mine ON mine.attrelid = child.oid AND mine.attnum = constr.conkey[1]
JOIN pg_attribute theirs ON theirs.attrelid = parent.oid AND theirs.attnum = constr.confkey[1]
JOIN pg_index key ON key.indexrelid = constr.conindid AND key.indisprimary
WHERE constr.contype = 'f' AND cardinality(constr.conkey) = 1 AND constr.conparentid = 0
  AND parent.relnamespace = current_schema()::regnamespace
  AND (child.relnamespace = current_schema()::regnamespace OR constr.confdeltype IN ('a', 'r'))
ORDER BY child.relname, mine.attname
"""

_COLUMNS = """
SELECT class.relname, attribute.attname
FROM pg_attribute attribute JOIN pg_class class ON class.oid = attribute.attrelid
WHERE class.relkind IN ('r', 'p') AND class.relnamespace = current_schema()::regnamespace
  AND attribute.attnum > 0 AND NOT attribute.attisdropped
"""
