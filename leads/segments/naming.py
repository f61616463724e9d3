"""The rows that rules name: whether they are there, and what they are called."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.db.models import Model

from campaigns_project.accounts.tenancy import living
from leads.segments.errors import RuleCode, RuleRefused
from leads.segments.reading import Group, Rule, Rules

Names = Mapping[type[Model], Mapping[int, str]]


def names_in(organization_id: int, *asked: Rules) -> Names:
    """What the rows of the organization that these rules name are called; one query for each kind of them."""
    wanted: dict[type[Model], set[int]] = defaultdict(set)
    for rules in asked:
        for rule in rules:
            model = rule.field.model()
            if model is not None:
                wanted[model].update(numbers(rule))
    return {model: _names(model, organization_id, found) for model, found in wanted.items()}


def check_names(organization_id: int, rules: Rules) -> None:
    """RuleRefused for a rule that names what the organization has not."""
    names = names_in(organization_id, rules)
    for path, rule in _placed(rules):
        model = rule.field.model()
        if model is None:
            continue
        lost = [number for number in numbers(rule) if number not in names[model]]
        if lost:
            raise RuleRefused(
                RuleCode.NO_SUCH_ROW,
                path,
                f"There is no {model._meta.verbose_name} {lost[0]}.",
                "Name one that exists.",
            )


def numbers(rule: Rule) -> list[int]:
    """The keys of the rows that `rule` names."""
    value = rule.value if isinstance(rule.value, list) else [rule.value]
    return [each for each in value if isinstance(each, int)] if rule.field.model() else []


def named(rules: Rules, model: type[Model]) -> set[int]:
    """The keys of the rows of `model` in all of the rules."""
    return {number for rule in rules if rule.field.model() is model for number in numbers(rule)}


def _names(model: type[Model], organization_id: int, wanted: set[int]) -> dict[int, str]:
    rows: Any = living(model._default_manager.all())
    return {row.pk: str(row) for row in rows.filter(organization=organization_id, pk__in=wanted)}


def _placed(rules: Rules) -> list[tuple[str, Rule]]:
    return [*_of_groups("groups", rules.groups), *_of_groups("exclude", rules.exclude)]


def _of_groups(name: str, groups: tuple[Group, ...]) -> list[tuple[str, Rule]]:
    return [
        (f"/{name}/{place}/rules/{number}/value", rule)
        for place, group in enumerate(groups)
        for number, rule in enumerate(group.rules)
    ]
