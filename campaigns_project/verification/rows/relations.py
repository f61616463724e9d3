"""What a model points at, with or without a constraint, and the way from it to its organization."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from django.apps import apps
from django.db.models import DB_SET_NULL, ForeignKey, Model

from campaigns_project.references import LooseReference

ModelClass = type[Model]


class Relation(NamedTuple):
    """`column` of `model` holds the key (`target_column`) of a row of `target`, or NULL.

    `is_loose`: no constraint says so, the model does. `clears`: the constraint empties the column when that row goes.
    """

    model: ModelClass
    column: str
    target: ModelClass
    target_column: str
    is_loose: bool = False
    clears: bool = False


def models_of(app: str) -> list[ModelClass]:
    """The models of the app with tables of their own, those behind many-to-many fields included."""
    models = apps.get_app_config(app).get_models(include_auto_created=True)
    return [model for model in models if model._meta.managed and not model._meta.proxy]


@lru_cache
def relations_of(model: ModelClass) -> tuple[Relation, ...]:
    """Every foreign key of `model`, then its declared loose references."""
    loose = getattr(model, "loose_references", ())
    return (*_foreign_keys(model), *(_of_loose(model, reference) for reference in loose))


@lru_cache
def way_home(model: ModelClass) -> tuple[Relation, ...]:
    """The foreign keys from `model` to its organization, by its `organization_path`; none where it has no such way."""
    way: list[Relation] = []
    for name in getattr(model, "organization_path", "").split("__"):
        here = way[-1].target if way else model
        step = next((relation for relation in relations_of(here) if relation.column == f"{name}_id"), None)
        if step is None:  # the model names its organization by number, or is the organization
            return ()
        way.append(step)
    return tuple(way)


def _foreign_keys(model: ModelClass) -> Iterator[Relation]:
    for field in model._meta.local_fields:
        if isinstance(field, ForeignKey):
            target = field.target_field
            clears = field.remote_field.on_delete is DB_SET_NULL
            yield Relation(model, field.column, target.model, str(target.column), clears=clears)


def _of_loose(model: ModelClass, reference: LooseReference) -> Relation:
    target = reference.target
    return Relation(model, reference.column, target, str(target._meta.pk.column), is_loose=True)
