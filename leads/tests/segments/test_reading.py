"""What is wrong with rules is said with its code and its place."""

from typing import Any

import pytest

from campaigns.tests.factories import LeadFactory, OrganizationFactory, TagFactory
from campaigns_project.errors import Refused
from leads.segments.keeping import check_rules
from leads.segments.members import matching
from leads.segments.reading import read_rules
from leads.segments.words import in_words
from leads.tests.segments.people import NOW


def one(field: Any, operator: Any, value: Any = None) -> dict[str, Any]:
    return {"groups": [{"rules": [{"field": field, "operator": operator, "value": value}]}]}


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        ([], "rules_malformed", ""),
        ({"group": []}, "rules_malformed", "/group"),
        ({"match": "some"}, "rules_malformed", "/match"),
        ({"groups": {}}, "rules_malformed", "/groups"),
        ({"groups": [{"rules": []}]}, "rules_malformed", "/groups/0"),
        ({"groups": [{"rules": [1]}]}, "rules_malformed", "/groups/0/rules/0"),
        ({"exclude": [{"match": "none", "rules": [{}]}]}, "rules_malformed", "/exclude/0/match"),
        ({"groups": [one("title", "is", "x")["groups"][0]] * 11}, "rules_too_many", "/groups"),
        ({"groups": [{"rules": one("title", "is", "x")["groups"][0]["rules"] * 51}]}, "rules_too_many", ""),
        (one("titel", "is", "x"), "unknown_field", "/groups/0/rules/0/field"),
        (one(None, "is", "x"), "unknown_field", "/groups/0/rules/0/field"),
        (one("custom.Plan", "is", "x"), "unknown_field", "/groups/0/rules/0/field"),
        (one("custom.", "is", "x"), "unknown_field", "/groups/0/rules/0/field"),
        (one("title", "more_than", 3), "unknown_operator", "/groups/0/rules/0/operator"),
        (one("title", ["is"], 3), "unknown_operator", "/groups/0/rules/0/operator"),
        (one("title", "is", ""), "bad_value", "/groups/0/rules/0/value"),
        (one("title", "is", "x" * 301), "bad_value", "/groups/0/rules/0/value"),
        (one("title", "is", "a\x00b"), "bad_value", "/groups/0/rules/0/value"),
        (one("title", "is_empty", "x"), "bad_value", "/groups/0/rules/0/value"),
        (one("title", "is_any_of", ["x", 3]), "bad_value", "/groups/0/rules/0/value/1"),
        (one("company_size", "more_than", True), "bad_value", "/groups/0/rules/0/value"),
        (one("company_size", "more_than", 2**31), "bad_value", "/groups/0/rules/0/value"),
        (one("company_size", "between", [50, 10]), "bad_value", "/groups/0/rules/0/value"),
        (one("created_at", "before", "yesterday"), "bad_value", "/groups/0/rules/0/value"),
        (one("created_at", "more_than_days_ago", 100_000), "bad_value", "/groups/0/rules/0/value"),
        (one("status", "is_any_of", ["fine"]), "bad_value", "/groups/0/rules/0/value"),
        (one("tag", "any_of", [2**63]), "bad_value", "/groups/0/rules/0/value/0"),
        (one("segment", "in", None), "bad_value", "/groups/0/rules/0/value"),
    ],
)
def test_rules_that_cannot_be_asked_are_refused_at_their_place(raw: Any, code: str, path: str) -> None:
    with pytest.raises(Refused) as refused:
        read_rules(raw)

    assert (refused.value.code, refused.value.details["path"]) == (code, path)


def test_a_misspelled_field_is_told_the_nearest_one() -> None:
    with pytest.raises(Refused, match="Did you mean title"):
        read_rules(one("titel", "is", "x"))


def test_rules_that_are_written_down_and_read_again_are_the_same() -> None:
    raw = {"match": "any", **one("company_size", "between", [1, 5]), "exclude": one("is_role", "is")["groups"]}

    rules = read_rules(raw)

    assert read_rules(rules.as_json()) == rules


@pytest.mark.django_db
def test_a_tag_of_another_organization_is_refused_as_one_that_is_not_there() -> None:
    theirs = TagFactory()

    with pytest.raises(Refused, match=f"There is no tag {theirs.pk}") as refused:
        check_rules(OrganizationFactory(), one("tag", "any_of", [theirs.pk]))

    assert (refused.value.code, refused.value.details["path"]) == ("no_such_row", "/groups/0/rules/0/value")


@pytest.mark.django_db
def test_rules_read_as_a_sentence() -> None:
    vip = TagFactory(name="vip")
    raw = {
        "match": "any",
        "groups": [
            {
                "rules": [
                    {"field": "tag", "operator": "any_of", "value": [vip.pk]},
                    {"field": "last_contacted", "operator": "more_than_days_ago", "value": 30},
                ]
            },
            {"rules": [{"field": "company_size", "operator": "between", "value": [10, 1500]}]},
        ],
        "exclude": [
            {
                "match": "any",
                "rules": [
                    {"field": "status", "operator": "is_any_of", "value": ["bounced"]},
                    {"field": "replied", "operator": "in"},
                    {"field": "is_role", "operator": "is"},
                ],
            }
        ],
    }

    said = in_words(vip.organization_id, read_rules(raw))

    assert said == (
        "(tag is vip and last contacted more than 30 days ago) or company size is between 10 and 1,500, "
        "but not: status is bounced or replied in any campaign or is a role address"
    )


@pytest.mark.django_db
def test_without_rules_nobody_is_meant_and_with_exclusions_alone_everybody_else() -> None:
    kept = LeadFactory(title="CTO")
    LeadFactory(organization=kept.organization, title="CEO")
    exclude = {"exclude": one("title", "is", "ceo")["groups"]}

    nobody = matching(kept.organization, read_rules({}), now=NOW)
    others = matching(kept.organization, read_rules(exclude), now=NOW)

    assert (list(nobody), list(others)) == ([], [kept])
