"""Rules as a sentence: “tag is vip and last contacted more than 30 days ago, without those in campaign Autumn”."""

from collections.abc import Iterable

from leads.models import Segment
from leads.segments.errors import RuleRefused
from leads.segments.naming import Names, names_in
from leads.segments.reading import Group, Rule, Rules, read_rules

UNREADABLE = "rules that cannot be asked any more: save them anew"
CONNECTORS = {"all": " and ", "any": " or "}


def in_words(organization_id: int, rules: Rules) -> str:
    """The whole question as one would say it; a row that is gone is told by its number."""
    return told(rules, names_in(organization_id, rules))


def told(rules: Rules, names: Names) -> str:
    """The same, where the names are known already."""
    if not rules:
        return "nobody: there is no rule yet"
    several = len(rules.groups) > 1
    wanted = CONNECTORS[rules.match].join(_group(group, names, brackets=several) for group in rules.groups)
    unwanted = "; ".join(_group(group, names, brackets=False) for group in rules.exclude)
    return ", but not: ".join(part for part in (wanted or "everybody", unwanted) if part)


def _group(group: Group, names: Names, *, brackets: bool) -> str:
    said = CONNECTORS[group.match].join(_rule(rule, names) for rule in group.rules)
    return f"({said})" if brackets and len(group.rules) > 1 else said


def _rule(rule: Rule, names: Names) -> str:
    model = rule.field.model()
    return rule.field.told(rule.operator, rule.value, names[model] if model is not None else {})


def words_of(segments: Iterable[Segment]) -> dict[int, str]:
    """What each of `segments` asks, by its key; one query for each kind of row they name, not for each of them."""
    read = {segment: _read(segment) for segment in segments}
    names = {
        home: names_in(home, *(rules for segment, rules in read.items() if segment.organization_id == home and rules))
        for home in {segment.organization_id for segment in read}
    }
    return {
        segment.pk: UNREADABLE if rules is None else told(rules, names[segment.organization_id])
        for segment, rules in read.items()
    }


def _read(segment: Segment) -> Rules | None:
    try:
        return read_rules(segment.rules)
    except RuleRefused:
        return None
