"""Where a row can lose its parent: every declared loose reference, and every foreign key whose rule is the database's.

A key is looked at too, although its constraint keeps it whole: the constraint may be missing in the live database, or
have been passed by while triggers were off. A column that no model declares is never touched.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db.models import DB_CASCADE, DB_SET_NULL, Model

from campaigns_project.references import loose_references


@dataclass(frozen=True)
class Reference:
    """`column` of `table` names a row of `parent`. Where `clears`, a row without its parent stays and forgets it."""

    table: str
    key: str
    column: str
    parent: str
    parent_key: str
    clears: bool = False

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


def references() -> list[Reference]:
    """All of them, children before parents: so a row is counted where it is, and not lost with its parent."""
    order = {model: place for place, model in enumerate(_children_first())}
    found = [*_loose(), *_keys()]
    return [reference for model, reference in sorted(found, key=lambda pair: order[pair[0]])]


def below(table: str) -> list[Reference]:
    """The references to `table` by which the database deletes a row together with its parent."""
    return [each for _, each in _keys() if each.parent == table and not each.clears]


def _loose() -> Iterator[tuple[type[Model], Reference]]:
    for model, loose in loose_references():
        yield model, _reference(model, loose.column, loose.target, _key(loose.target))


def _keys() -> Iterator[tuple[type[Model], Reference]]:
    for model in _tables():
        for field in model._meta.concrete_fields:
            rule = field.remote_field.on_delete if field.is_relation else None  # type: ignore[union-attr]
            if rule in (DB_CASCADE, DB_SET_NULL):
                key: Any = field
                parent_key, clears = key.target_field.column, rule is DB_SET_NULL
                yield model, _reference(model, key.column, key.related_model, parent_key, clears=clears)


def _reference(
    model: type[Model], column: str, parent: type[Model], parent_key: str, clears: bool = False
) -> Reference:
    return Reference(model._meta.db_table, _key(model), column, parent._meta.db_table, parent_key, clears)


def _children_first() -> list[type[Model]]:
    tables = _tables()
    by_name = {model._meta.db_table: model for model in tables}
    parents: dict[type[Model], set[type[Model]]] = {model: set() for model in tables}
    for model, each in [*_loose(), *_keys()]:
        parent = by_name.get(each.parent)
        if parent is not None and parent is not model and not each.clears:
            parents[model].add(parent)
    return list(reversed(list(TopologicalSorter(parents).static_order())))


def _tables() -> list[type[Model]]:
    return [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]


def _key(model: type[Model]) -> str:
    return str(model._meta.pk.column)
