"""Rules as they are stored and sent, read into values: all that can be wrong with them is said here, with its place.

    {"match": "all", "groups": [{"match": "any", "rules": [RULE, ...]}, ...], "exclude": [GROUP, ...]}

with RULE as {"field": "title", "operator": "has_word", "value": "CTO"}. A lead is in when it fits all (or any) of the
groups and none of those to exclude. Without groups everybody is in whom nothing excludes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from leads.segments.errors import RuleCode, RuleRefused
from leads.segments.fields import Field, find_field

MOST_GROUPS = 10
MOST_RULES = 50  # over all groups; more are an import of names, which a tag says better
MATCHES = ("all", "any")


@dataclass(frozen=True)
class Rule:
    """One question; `value` is what the field makes of what was written."""

    field: Field
    operator: str
    value: Any


@dataclass(frozen=True)
class Group:
    """Questions of which all, or any, must be answered with yes."""

    match: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Rules:
    """A whole question about leads."""

    match: str = "all"
    groups: tuple[Group, ...] = ()
    exclude: tuple[Group, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.groups or self.exclude)

    def __iter__(self) -> Iterator[Rule]:
        for group in (*self.groups, *self.exclude):
            yield from group.rules

    def as_json(self) -> dict[str, Any]:
        """The form they are stored in; reading it again gives the same."""
        return {
            "match": self.match,
            "groups": [_group_json(group) for group in self.groups],
            "exclude": [_group_json(group) for group in self.exclude],
        }


def read_rules(raw: Any) -> Rules:
    """The rules in `raw`, which came from outside or from a row; RuleRefused with code and place where they are wrong.

    What they name (tags, segments) is not looked up here: see `leads.segments.naming`.
    """
    body = _object(raw, "", {"match", "groups", "exclude"})
    groups = _groups(body.get("groups", []), "/groups")
    exclude = _groups(body.get("exclude", []), "/exclude")
    rules = Rules(_match(body, ""), groups, exclude)
    if len(list(rules)) > MOST_RULES:
        raise RuleRefused(RuleCode.RULES_TOO_MANY, "", f"There are more than {MOST_RULES} rules.", "Use a tag instead.")
    return rules


def _groups(raw: Any, path: str) -> tuple[Group, ...]:
    if not isinstance(raw, list):
        raise _malformed(path, "This is not a list of groups.")
    if len(raw) > MOST_GROUPS:
        raise RuleRefused(RuleCode.RULES_TOO_MANY, path, f"There are more than {MOST_GROUPS} groups.")
    return tuple(_group(each, f"{path}/{number}") for number, each in enumerate(raw))


def _group(raw: Any, path: str) -> Group:
    body = _object(raw, path, {"match", "rules"})
    rules = body.get("rules")
    if not isinstance(rules, list) or not rules:
        raise _malformed(path, "A group needs a list “rules” with at least one rule.")
    return Group(_match(body, path), tuple(_rule(each, f"{path}/rules/{n}") for n, each in enumerate(rules)))


def _rule(raw: Any, path: str) -> Rule:
    body = _object(raw, path, {"field", "operator", "value"})
    found = find_field(body.get("field"), f"{path}/field")
    operator = body.get("operator")
    if not isinstance(operator, str) or operator not in found.operators:
        raise RuleRefused(
            RuleCode.UNKNOWN_OPERATOR,
            f"{path}/operator",
            f"“{str(operator)[:40]}” cannot be asked of {found.name}.",
            f"Possible: {', '.join(found.operators)}.",
        )
    return Rule(found, operator, found.read(operator, body.get("value"), f"{path}/value"))


def _match(body: Mapping[str, Any], path: str) -> str:
    match = body.get("match", "all")
    if match not in MATCHES:
        raise _malformed(f"{path}/match", "“match” is “all” or “any”.")
    return match


def _object(raw: Any, path: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise _malformed(path, "This is not an object.")
    unknown = sorted(set(raw) - known)
    if unknown:
        raise _malformed(f"{path}/{unknown[0]}", f"Unknown here. Known: {', '.join(sorted(known))}.")
    return raw


def _malformed(path: str, message: str) -> RuleRefused:
    return RuleRefused(RuleCode.RULES_MALFORMED, path, message, "See docs/segments.md for the form.")


def _group_json(group: Group) -> dict[str, Any]:
    rules = [{"field": r.field.name, "operator": r.operator, "value": r.value} for r in group.rules]
    return {"match": group.match, "rules": rules}
