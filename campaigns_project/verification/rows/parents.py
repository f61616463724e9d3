"""Is what the rows of an app point at there, and does it belong to whom they belong to?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from campaigns_project.verification.finding import Finding
from campaigns_project.verification.rows.one_pass import FIX_SQL, Fault, occur, scan
from campaigns_project.verification.rows.relations import Relation, models_of, relations_of, way_home

ROW = '"row"'


def related(app: str) -> Callable[[CursorWrapper], Iterator[Finding]]:
    """The check of every foreign key and loose reference of the app's models, one pass over each of its tables.

    - `orphan_row`: the row that a foreign key points at is gone, though the constraint forbids it (triggers were
      switched off, a restore was partial, an index is broken) or for want of it. `loose_orphan`: the same where there
      is to be no constraint.
    - `organization_mismatch`: two ways lead from a row to an organization, and they end at two. `parent_mismatch`: they
      end at one, but by different parents where they should have met, e.g. a message with a step of another campaign.

    Tables and columns that are missing are left out: the catalogue's part tells of them.
    """

    def check(cursor: CursorWrapper) -> Iterator[Finding]:
        present = _columns(cursor)
        for model in models_of(app):
            relations = [one for one in relations_of(model) if _is_there(one, present)]
            if relations:
                yield from _look(cursor, model, relations, present)

    return check


def _look(
    cursor: CursorWrapper, model: type[Model], relations: Sequence[Relation], present: set[tuple[str, str]]
) -> Iterator[Finding]:
    rows = _Rows(model)
    orphans = [_orphan(relation, rows.joined(relation)) for relation in relations]
    pairs = [pair for relation in relations if (pair := _meeting(model, relation, present))]
    apart = {_elsewhere(pair, rows): pair for pair in pairs}
    found = occur(cursor, source=rows.source, faults=[*orphans, *apart])
    yield from scan(cursor, source=rows.source, key=rows.key, faults=[fault for fault in orphans if fault in found])
    for fault, pair in apart.items():
        if fault in found:
            yield from _tell_whose(cursor, pair)


def _tell_whose(cursor: CursorWrapper, pair: "_Pair") -> Iterator[Finding]:
    """The same again, to the end of both ways: to one organization or to two?"""
    rows = _Rows(pair.own[0].model)
    nearer = _elsewhere(pair, rows)
    own, other = rows.value(way_home(pair.own[0].model)), rows.value(pair.whole_other_way)
    where, table = nearer.where, pair.relation.target._meta.db_table
    mismatch = Fault(
        "organization_mismatch",
        where,
        f"They belong to one organization, and the row of {table} they point at to another.",
        f"{own} <> {other}",
    )
    parents = Fault(
        "parent_mismatch", where, nearer.message, f"{nearer.condition} AND ({mismatch.condition}) IS NOT TRUE"
    )
    yield from scan(cursor, source=rows.source, key=rows.key, faults=[mismatch, parents])


@dataclass
class _Pair:
    """Two ways from a row that should meet: `own`, along its organization_path, and `other`, beginning at `relation`.

    Both end with the relation whose column is to be the same.
    """

    relation: Relation
    own: tuple[Relation, ...]
    other: tuple[Relation, ...]

    @property
    def whole_other_way(self) -> tuple[Relation, ...]:
        return (self.relation, *way_home(self.relation.target))


def _meeting(model: type[Model], relation: Relation, present: set[tuple[str, str]]) -> _Pair | None:
    """Where the way by `relation` first meets the row's own; None where it never does, or is the same way."""
    own, other = way_home(model), (relation, *way_home(relation.target))
    if not own or own[0].column == relation.column:
        return None
    if not all(_is_there(one, present) for one in (*own, *other)):
        return None
    for here, mine in enumerate(own):
        for there, theirs in enumerate(other):
            if mine.target is theirs.target:
                return _Pair(relation, own[: here + 1], other[: there + 1])
    return None


@dataclass
class _Rows:
    """The rows of `model`, with whatever is asked of rows on the ways from them joined to it once."""

    model: type[Model]
    joins: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f'{ROW}."{self.model._meta.pk.column}"'

    @property
    def source(self) -> str:
        return " ".join([f'"{self.model._meta.db_table}" AS {ROW}', *self.joins.values()])

    def joined(self, *way: Relation) -> str:
        """The alias of the row at the end of `way`."""
        path = tuple(relation.column for relation in way)
        alias = '"' + ".".join(path) + '"'
        if way and path not in self.joins:
            start, last = self.joined(*way[:-1]) if way[:-1] else ROW, way[-1]
            table = f'"{last.target._meta.db_table}" AS {alias}'
            self.joins[path] = f'LEFT JOIN {table} ON {alias}."{last.target_column}" = {start}."{last.column}"'
        return alias

    def value(self, way: Sequence[Relation]) -> str:
        """The key of the row at the end of `way`, as it stands in the last but one."""
        start = self.joined(*way[:-1]) if way[:-1] else ROW
        return f'{start}."{way[-1].column}"'


def _orphan(relation: Relation, alias: str) -> Fault:
    table, column = relation.model._meta.db_table, relation.column
    parent, target = relation.target._meta.db_table, relation.target_column
    condition = f'{ROW}."{column}" IS NOT NULL AND {alias}."{target}" IS NULL'
    if relation.is_loose:
        message = f"The row of {parent} they belong to is gone."
        fix = f"manage.py cleanup_orphans --table {table}"
        return Fault("loose_orphan", f"{table}.{column}", message, condition, fix)
    message = f"The row of {parent} they point at is gone, which a foreign key is there to prevent."
    gone = f'"{column}" IS NOT NULL AND NOT EXISTS (SELECT FROM "{parent}" WHERE "{target}" = "{table}"."{column}")'
    mend = f'UPDATE "{table}" SET "{column}" = NULL' if relation.clears else f'DELETE FROM "{table}"'  # noqa: S608
    return Fault("orphan_row", f"{table}.{column}", message, condition, FIX_SQL, f"{mend} WHERE {gone};")


def _elsewhere(pair: _Pair, rows: _Rows) -> Fault:
    relation, owners = pair.relation, pair.own[-1].target._meta.verbose_name_plural
    condition = f"{rows.value(pair.own)} <> {rows.value(pair.other)}"
    parent = relation.target._meta.db_table
    message = f"They and the row of {parent} they point at belong to different {owners}."
    return Fault("parent_mismatch", f"{relation.model._meta.db_table}.{relation.column}", message, condition)


def _is_there(relation: Relation, present: set[tuple[str, str]]) -> bool:
    both = (relation.model._meta.db_table, relation.column), (relation.target._meta.db_table, relation.target_column)
    return all(column in present for column in both)


def _columns(cursor: CursorWrapper) -> set[tuple[str, str]]:
    """Table and column of everything an unqualified name finds."""
    cursor.execute(
        "SELECT relation.relname, attribute.attname FROM pg_attribute attribute"
        " JOIN pg_class relation ON relation.oid = attribute.attrelid"
        " WHERE relation.relkind IN ('r', 'p') AND attribute.attnum > 0 AND NOT attribute.attisdropped"
        " AND pg_table_is_visible(relation.oid)"
    )
    return set(cursor.fetchall())
