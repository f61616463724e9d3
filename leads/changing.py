"""Changing what is known of a lead, with what stood there before kept for its timeline."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from campaigns_project.audit.actors import Actor
from leads.models import ChangeSource, Lead, LeadChange
from leads.tagging import set_tags

# Fields that follow from others, or that news moves and not a person.
_LEFT_OUT = frozenset(
    {"id", "organization", "email_normalized", "domain", "status", "lead_import", "created_at", "updated_at", "custom"}
)

# Field to before and after; of a custom field “custom.” and its key.
Changes = dict[str, list[Any]]


def change_lead(
    *,
    lead: Lead,
    values: Mapping[str, Any],
    tags: Iterable[str] | None = None,
    source: ChangeSource,
    actor: Actor,
) -> Changes:
    """Write `values`, and exactly these tags if given; answers what changed, as it is kept.

    A new address comes with its normal form. Writes no audit row: the act that this is a part of has one.
    """
    with changing(lead=lead, source=source, actor=actor) as changes:
        for name, value in values.items():
            setattr(lead, name, value)
        if values:
            lead.save(update_fields=[*values, "updated_at"])
        if tags is not None:
            set_tags(lead=lead, names=tags)
    return changes


@contextmanager
def changing(*, lead: Lead, source: ChangeSource, actor: Actor) -> Iterator[Changes]:
    """One transaction around whatever changes `lead`; what differs after it becomes one LeadChange.

    The dictionary it hands out is filled at the end. Nothing is written where nothing changed.
    """
    found: Changes = {}
    with transaction.atomic():
        before = _known(Lead.objects.select_for_update(no_key=True).get(pk=lead.pk))
        yield found
        found.update(_differences(before, _known(Lead.objects.get(pk=lead.pk))))
        if found:
            LeadChange.objects.create(lead_id=lead.pk, changes=found, source=source, actor=actor.name[:254])


def _known(lead: Lead) -> dict[str, Any]:
    """All that a change is told of, by name; a custom field that is not there is an empty text."""
    own = [field for field in lead._meta.concrete_fields if field.name not in _LEFT_OUT]
    fields = {field.name: getattr(lead, field.attname) for field in own}
    tags = sorted(lead.lead_tags.values_list("tag__name", flat=True))
    return {**fields, "tags": tags, **{f"custom.{key}": value for key, value in lead.custom.items()}}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    names = [*before, *(name for name in after if name not in before)]
    pairs = {name: [before.get(name, ""), after.get(name, "")] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
