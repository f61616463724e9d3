"""What hangs on a campaign by foreign keys, from Django's models."""

from django.db.models import ForeignKey, Model

from campaigns.models import Campaign


def chain() -> list[type[Model]]:
    """Campaign and every model below it whose rows go with it, parents first."""
    found: list[type[Model]] = [Campaign]
    for model in found:  # grows while it is walked
        found += [child for child in _children(model) if child not in found]
    return found


def references(model: type[Model]) -> list[ForeignKey]:
    """The foreign keys of `model` that stay within the chain."""
    inside = chain()
    return [field for field in _foreign_keys(model) if field.related_model in inside]


def _children(model: type[Model]) -> list[type[Model]]:
    # The hidden ones too: a relation without a name for the way back.
    related = [field.related_model for field in model._meta.get_fields(include_hidden=True) if field.one_to_many]
    return [each for each in related if isinstance(each, type)]


def _foreign_keys(model: type[Model]) -> list[ForeignKey]:
    return [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]
