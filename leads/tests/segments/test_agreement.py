"""Whatever is asked, the database answers as plain Python does over the same people."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pytest_django import DjangoDbBlocker

from campaigns_project.tests.made_once import made_once
from leads.models import Lead
from leads.segments import read_rules
from leads.segments.fields import CUSTOM, all_fields
from leads.segments.kinds import NO_VALUE
from leads.segments.known import CustomKind
from leads.segments.members import matching
from leads.tests.segments.people import AGES, COMPANIES, NOW, SIZES, TITLES, People, make_people, plainly

pytestmark = pytest.mark.django_db

TEXTS = some.sampled_from(
    [*filter(None, TITLES), *filter(None, COMPANIES), "ana", "sales", "it", "acme.example", "p3@acme.example", "p1",
     "%", "_", "c", "dire", "(cto)", "\\"]
)  # fmt: skip
NUMBERS = some.sampled_from([size for size in SIZES if size is not None])
ASKED = ("tag", "segment", "import", "created_at", "title", "first_name", "company", "company_size", "email", "domain",
         "status", "verification", "is_role", "suppressed", "campaign", "received", "opened", "clicked", "replied",
         "bounced", "last_contacted", "last_replied")  # fmt: skip


@pytest.fixture(scope="module")
def people(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[People]:
    """Made once: no test changes any of them."""
    with made_once(django_db_blocker):
        yield make_people()


def value_for(kind: str, field: Any, people: People) -> some.SearchStrategy:  # noqa: PLR0911 - as there
    rows = {"tag": people.tags, "segment": people.segments, "import": people.imports}
    match kind:
        case "none":
            return some.none()
        case "text":
            return TEXTS if not field.name.startswith(CUSTOM) else some.sampled_from(["gold", "Gold", "x"])
        case "list":
            return some.lists(TEXTS, min_size=1, max_size=3)
        case "number":
            return NUMBERS
        case "range":
            return some.lists(NUMBERS, min_size=2, max_size=2).map(sorted)
        case "days":
            return some.sampled_from(AGES)
        case "date":
            return some.sampled_from(["2026-11-20", "2026-11-19", "2026-10-21", "2020-01-01"])
        case "choices":
            return some.lists(some.sampled_from([value for value, _ in field.choices()]), min_size=1)
        case "rows":
            return some.lists(some.sampled_from(rows[field.name]), min_size=1)
        case _:
            known = rows.get(field.name)
            return some.sampled_from(known) if known else some.sampled_from([None, *people.campaigns])


@some.composite
def rule(draw: Any, people: People) -> dict[str, Any]:
    fields = [field for field in all_fields() if field.name in ASKED] + [CustomKind("plan"), CustomKind("area")]
    field = draw(some.sampled_from(fields))
    operator = draw(some.sampled_from(list(field.operators)))
    value = draw(value_for(field.input(operator), field, people))
    return {"field": field.name, "operator": operator, "value": value}


@some.composite
def group(draw: Any, people: People) -> dict[str, Any]:
    return {
        "match": draw(some.sampled_from(["all", "any"])),
        "rules": draw(some.lists(rule(people), min_size=1, max_size=3)),
    }


@some.composite
def rules(draw: Any, people: People) -> dict[str, Any]:
    return {
        "match": draw(some.sampled_from(["all", "any"])),
        "groups": draw(some.lists(group(people), max_size=3)),
        "exclude": draw(some.lists(group(people), max_size=2)),
    }


def found(people: People, raw: dict[str, Any]) -> set[int]:
    return set(matching(people.organization, read_rules(raw), now=NOW).values_list("pk", flat=True))


def test_whatever_is_asked_the_database_answers_as_plain_python_does(people: People) -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(rules(people))
    def agrees(raw: dict[str, Any]) -> None:
        assert found(people, raw) == plainly(people, raw)

    agrees()


@pytest.mark.parametrize("name", [*ASKED, "custom.plan"])
def test_every_operator_finds_some_and_leaves_some_out(people: People, name: str) -> None:
    """So that the agreement above is not one about empty lists."""
    field = next((each for each in all_fields() if each.name == name), CustomKind("plan"))
    usual = {"text": "acme", "list": ["acme"], "number": 50, "range": [10, 50], "days": 30, "date": "2026-11-01",
             "none": None}  # fmt: skip
    special = {"title": "CTO", "first_name": "ana", "email": "p3@acme.example", "domain": "acme.example",
               "custom.plan": "gold"}  # fmt: skip
    rows = {"tag": people.tags[:1], "segment": people.segments[0], "import": people.imports[0]}
    for operator in field.operators:
        kind = field.input(operator)
        value = usual.get(kind)
        if name in special and kind in {"text", "list"}:
            value = special[name] if kind == "text" else [special[name]]
        if kind in {"row", "rows"}:
            value = rows.get(name, people.campaigns[0])
        if kind == "choices":
            value = [field.choices()[0][0]]
        if name in {"email", "domain"} and operator in NO_VALUE:
            continue  # neither is ever empty
        raw = {"groups": [{"rules": [{"field": name, "operator": operator, "value": value}]}]}
        assert 0 < len(found(people, raw)) < Lead.objects.count(), operator
        assert found(people, raw) == plainly(people, raw), operator
