"""Rules as a form: rows of field, operator and value, in groups. The server draws it anew whenever a row changes its
shape, so that everything works by keyboard and nothing is known twice."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.forms import Widget
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.tenancy import living
from campaigns_project.keys import key_of
from leads.imports.fields import custom_key
from leads.segments.errors import RuleRefused
from leads.segments.fields import CUSTOM, Field, all_fields, find_field

PREFIX = "rules"
CHOICES_SHOWN = 200  # of rows: newest first where they have a time, else by name
FIRST_FIELD = "title"
_ROW = re.compile(rf"{PREFIX}-(\d{{1,3}})-(\d{{1,3}})-field")


@dataclass
class Row:
    """One rule as it is being typed: the value is what the inputs hold."""

    field: str = FIRST_FIELD
    operator: str = ""
    value: Any = None
    points: str = ""


@dataclass
class Draft:
    """Rules as they are being typed; groups of both kinds, those to exclude last."""

    match: str = "all"
    groups: list[list[Row]] = field(default_factory=list)
    matches: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """In the form of rules; whether they can be asked is not known yet."""
        told = [
            (kind, {"match": match, "rules": [_rule_json(row) for row in rows]})
            for kind, match, rows in zip(self.kinds, self.matches, self.groups, strict=True)
            if rows
        ]
        return {
            "match": self.match,
            "groups": [group for kind, group in told if kind == "groups"],
            "exclude": [group for kind, group in told if kind == "exclude"],
        }

    def add(self, kind: str, match: str = "all", rows: list[Row] | None = None) -> None:
        """One group more, before those to exclude."""
        place = self.kinds.count("groups") if kind == "groups" else len(self.kinds)
        self.groups.insert(place, rows if rows is not None else [Row()])
        self.matches.insert(place, match)
        self.kinds.insert(place, kind)


def typed(data: Mapping[str, Any]) -> Draft:
    """What a form holds."""
    data = data if isinstance(data, QueryDict) else _as_query(data)
    places = sorted((int(found[1]), int(found[2])) for name in data if (found := _ROW.fullmatch(name)))
    draft = Draft(match=data.get(f"{PREFIX}-match", "all"))
    for group in dict.fromkeys(group for group, _ in places):
        rows = [_typed_row(data, f"{PREFIX}-{group}-{row}") for place, row in places if place == group]
        name = f"{PREFIX}-{group}"
        draft.add(data.get(f"{name}-kind", "groups"), data.get(f"{name}-match", "all"), rows)
    return draft


def stored(rules: Any) -> Draft:
    """What is stored, to be edited; what has not the form of rules is left out."""
    if not isinstance(rules, dict):
        return Draft()
    draft = Draft(match=rules.get("match", "all"))
    for kind in ("groups", "exclude"):
        for group in _objects(rules.get(kind)):
            rows = [_stored_row(rule) for rule in _objects(group.get("rules"))]
            draft.add(kind, group.get("match", "all"), rows)
    return draft


def changed(draft: Draft, act: str) -> Draft:
    """After one of the builder's own buttons: add-rule:GROUP, remove-rule:GROUP:ROW, add-group or add-exclude."""
    name, *places = act.split(":")
    numbers = [number for place in places if (number := key_of(place)) is not None]
    if name == "add-group":
        draft.add("groups")
    elif name == "add-exclude":
        draft.add("exclude")
    elif name == "add-rule" and numbers and numbers[0] < len(draft.groups):
        draft.groups[numbers[0]].append(Row())
    elif name == "remove-rule" and len(numbers) == 2 and numbers[0] < len(draft.groups):
        draft.groups[numbers[0]] = [row for place, row in enumerate(draft.groups[numbers[0]]) if place != numbers[1]]
    return draft


class Builder:
    """Draws a draft. `url` is asked for the form anew, `count_url` for how many leads it gives."""

    def __init__(self, *, url: Any, count_url: Any, with_points: bool = False):
        self.url, self.count_url, self.with_points = url, count_url, with_points

    def context(
        self, draft: Draft, organization: Organization | None, refused: RuleRefused | None = None
    ) -> dict[str, Any]:
        """What the template shows."""
        if not draft.groups:
            draft.add("groups")
        paths = _paths(draft, flat=self.with_points)
        return {
            "url": self.url,
            "count_url": self.count_url,
            "with_points": self.with_points,
            "prefix": PREFIX,
            "match": draft.match,
            "has_several": draft.kinds.count("groups") > 1,
            "groups": [
                {
                    "number": number,
                    "kind": draft.kinds[number],
                    "match": draft.matches[number],
                    "rows": [
                        _shown(row, f"{PREFIX}-{number}-{place}", organization, refused, paths[number, place])
                        for place, row in enumerate(rows)
                    ],
                }
                for number, rows in enumerate(draft.groups)
                if rows
            ],
            "organization": organization.pk if organization else "",
        }

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The form as it is after one of its own buttons, or a choice that changes its shape. Writes nothing."""
        draft = changed(typed(request.POST), request.POST.get(f"{PREFIX}-act", ""))
        context = self.context(draft, organization_of(request))
        return render(request, "leads/admin/rules.html", {"builder": context})


class RulesWidget(Widget):
    """The builder in an admin form. `builder`, `organization` and `refused` are set by the form."""

    template_name = "leads/admin/rules_widget.html"
    builder: Builder
    organization: Organization | None = None
    refused: RuleRefused | None = None

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        return {**context, "builder": self.builder.context(stored(_parsed(value)), self.organization, self.refused)}

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        # By the engine of pages: that of forms knows the templates of apps alone.
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The rows; or, where there are none, the rules as one JSON text."""
        if any(_ROW.fullmatch(key) for key in data):
            return typed(data).as_json()
        return data.get(name)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str) -> str:
        return ""


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None


def organization_of(request: HttpRequest) -> Organization | None:
    """The organization the form is about, if the user may see it."""
    key = key_of(request.POST.get(f"{PREFIX}-organization") or request.POST.get("organization") or "")
    if key is None:
        return None
    held = held_roles(request)
    own = Organization.objects.all() if held.everywhere else Organization.objects.filter(pk__in=held.organization_ids())
    return own.filter(pk=key).first()


def _typed_row(data: QueryDict, name: str) -> Row:
    asked, key = data.get(f"{name}-field", ""), data.get(f"{name}-key", "")
    if asked == CUSTOM:
        asked = CUSTOM + custom_key(key)
    row = Row(asked, data.get(f"{name}-operator", ""), None, data.get(f"{name}-points", ""))
    found = _found(asked)
    if found and row.operator in found.operators:
        row.value = _value(found.input(row.operator), data.getlist(f"{name}-value"))
    return row


def _stored_row(rule: Mapping[str, Any]) -> Row:
    return Row(rule.get("field", ""), rule.get("operator", ""), rule.get("value"), str(rule.get("points", "")))


def _objects(listed: Any) -> list[dict[str, Any]]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _rule_json(row: Row) -> dict[str, Any]:
    points = {"points": _number(row.points)} if row.points else {}
    return {"field": row.field, "operator": row.operator, "value": row.value, **points}


def _value(kind: str, held: list[str]) -> Any:
    first = held[0] if held else ""
    match kind:
        case "none":
            return None
        case "list":
            return [part.strip() for part in first.split(",") if part.strip()]
        case "choices":
            return held
        case "rows" | "range":
            return [_number(each) for each in held]
        case "number" | "days" | "row":
            return _number(first) if first else None
        case _:
            return first


def _number(text: str) -> Any:
    """The number, or the text as it is, for the rules to refuse at its place."""
    return int(text) if re.fullmatch(r"-?\d{1,18}", text.strip()) else text


def _found(name: str) -> Field | None:
    try:
        return find_field(name, "")
    except RuleRefused:
        return None


def _paths(draft: Draft, *, flat: bool) -> dict[tuple[int, int], str]:
    """By group and row, where a refusal places the rule."""
    seen = {"groups": 0, "exclude": 0}
    paths: dict[tuple[int, int], str] = {}
    for number, (kind, rows) in enumerate(zip(draft.kinds, draft.groups, strict=True)):
        for place, _ in enumerate(rows):
            paths[number, place] = f"/{place}" if flat else f"/{kind}/{seen[kind]}/rules/{place}"
        seen[kind] += bool(rows)
    return paths


BESIDE_IT = "A rule cannot be asked as it stands: see what is said beside it."


def told_once(refused: RuleRefused, draft: Draft, *, flat: bool = False) -> str:
    """The sentence above the rules: what is wrong with one of them stands beside that one, and is not said twice."""
    is_of_a_row = any(_is_at(path, refused) for path in _paths(draft, flat=flat).values())
    return BESIDE_IT if is_of_a_row else f"{refused.said} {refused.hint}".strip()


def _is_at(path: str, refused: RuleRefused) -> bool:
    return refused.path == path or refused.path.startswith(f"{path}/")


def _shown(
    row: Row, name: str, organization: Organization | None, refused: RuleRefused | None, path: str
) -> dict[str, Any]:
    is_custom = row.field.startswith(CUSTOM)
    found = _found(row.field) or (_found(f"{CUSTOM}name") if is_custom else _found(FIRST_FIELD))
    if found is None:
        raise LookupError(f"the field {FIRST_FIELD} is not registered")
    operator = row.operator if row.operator in found.operators else next(iter(found.operators))
    kind = found.input(operator)
    is_wrong = refused is not None and _is_at(path, refused)
    return {
        "name": name,
        "sections": _sections(CUSTOM if is_custom else found.name),
        "is_custom": is_custom,
        "key": row.field.removeprefix(CUSTOM) if is_custom else "",
        "operators": [(each, words, each == operator) for each, words in found.operators.items()],
        "kind": kind,
        "value": _held(kind, row.value),
        "choices": _choices(found, kind, row.value, organization),
        "points": row.points,
        "is_optional": kind == "row" and found.is_optional,
        "is_ago": operator.endswith("_ago"),
        "error": f"{refused.said} {refused.hint}".strip() if refused and is_wrong else "",
    }


def _sections(chosen: str) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    sections: dict[str, list[tuple[str, str, bool]]] = {}
    for each in all_fields():
        sections.setdefault(each.section, []).append((each.name, each.label, each.name == chosen))
    return [*sections.items(), ("Further fields", [(CUSTOM, "Further field", chosen == CUSTOM)])]


def _held(kind: str, value: Any) -> Any:
    if kind == "list":
        return ", ".join(map(str, value)) if isinstance(value, list) else value or ""
    if kind == "range":
        return [*value, "", ""][:2] if isinstance(value, list) else ["", ""]
    return "" if value is None or isinstance(value, list) else value


def _choices(found: Field, kind: str, value: Any, organization: Organization | None) -> list[tuple[str, str, bool]]:
    if kind not in {"choices", "row", "rows"}:
        return []
    held = {str(each) for each in (value if isinstance(value, list) else [value])}
    offered = found.choices() or _rows(found, held, organization)
    choices = [(key, label, key in held) for key, label in offered]
    # Of a long list that scrolls, what is chosen has to be in sight.
    return sorted(choices, key=lambda choice: not choice[2]) if kind == "rows" else choices


def _rows(found: Field, held: set[str], organization: Organization | None) -> list[tuple[str, str]]:
    model = found.model()
    if model is None or organization is None:
        return []
    own: Any = living(model._default_manager.all()).filter(organization=organization)
    listed = list(own[:CHOICES_SHOWN])
    missing = {key_of(key) for key in held} - {None} - {row.pk for row in listed}
    return [(str(row.pk), str(row)) for row in [*listed, *(own.filter(pk__in=missing) if missing else [])]]


def _as_query(data: Mapping[str, Any]) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return query
