"""What may be looked for: filters by name, the count, and what has to be acknowledged."""

from datetime import date

import pytest

from leads.providers.apollo.filters import READERS, clean_filters
from leads.providers.errors import SourceRefused
from leads.providers.sources import read_source
from leads.providers.values import LeadSource

TODAY = date(2026, 11, 20)
URL = "https://app.apollo.io/#/people?personTitles[]=ceo&savedSearchId=64a0&newThing=1"


def refusal(**asked):
    with pytest.raises(SourceRefused) as refused:
        read_source(**{"provider": "apollo", "count": 10, "today": TODAY, **asked})
    return refused.value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("person_titles", "ceo", ["ceo"]),
        ("person_titles", ["ceo", "ceo", " cto "], ["ceo", "cto"]),
        ("revenue_range", "1000,5000", {"min": 1000, "max": 5000}),
        ("revenue_range", {"min": "1000"}, {"min": 1000}),
        ("latest_funding_date_range", "2026-01-01,", {"min": "2026-01-01"}),
        ("organization_num_employees_ranges", "11, 50", ["11,50"]),
        ("include_similar_titles", "no", False),
        ("q_organization_domains_list", ["https://www.a.example/", "b.example"], ["a.example", "b.example"]),
    ],
)
def test_a_filter_by_name_is_brought_into_the_form_that_is_sent(name, value, expected):
    assert clean_filters({name: value}) == {name: expected}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("person_titles", []),
        ("person_titles", [1]),
        ("person_titles", {"a": 1}),
        ("person_titles", ["a\nb"]),
        ("person_titles", None),
        ("person_seniorities", ["boss"]),
        ("organization_num_employees_ranges", 5),
        ("organization_num_employees_ranges", ["50,11"]),
        ("revenue_range", "a lot"),
        ("revenue_range", {"from": 1}),
        ("revenue_range", True),
        ("organization_ids", ["1"]),
        ("q_organization_domains_list", ["ada@example.com"]),
        ("q_organization_domains_list", [f"a{number}.example" for number in range(1_001)]),
        ("include_similar_titles", "perhaps"),
        ("organization_job_posted_at_range", {"min": "31.12.2026"}),
    ],
)
def test_a_value_that_cannot_be_sent_is_refused_by_the_name_of_its_filter(name, value):
    refused = refusal(filters={name: value})

    assert (refused.code, refused.details["field"]) == ("bad_filter", name)


def test_a_name_apollo_would_ignore_is_refused_with_those_there_are():
    refused = refusal(filters={"person_title": ["ceo"]})

    assert refused.code == "unknown_filter"
    assert "person_titles" in refused.hint


def test_no_value_of_any_type_breaks_a_reader():
    for name in READERS:
        for value in (None, 1, 1.5, True, "", "x", [], [[]], [None], {}, {"min": []}, {"min": {}}, b"x"):
            try:
                clean_filters({name: value})
            except SourceRefused as refused:
                assert refused.code == "bad_filter"


@pytest.mark.parametrize("filters", [{}, {"exclude_catch_all": True}, {"include_similar_titles": False}])
def test_a_search_for_everybody_there_is_is_refused(filters):
    assert refusal(filters=filters).code == "no_filters"


def test_filters_of_people_among_saved_contacts_are_refused():
    refused = refusal(filters={"contact_label_ids": ["5e0000000000000000000001"], "person_titles": ["ceo"]})

    assert (refused.code, refused.details["field"]) == ("bad_filter", "person_titles")


@pytest.mark.parametrize("count", [0, -1, 50_001, True, "10", 1.5, None])
def test_a_count_is_a_whole_number_up_to_what_a_search_shows(count):
    assert refusal(count=count, filters={"q_keywords": "a"}).code == "bad_count"


def test_a_provider_there_is_not_is_refused():
    assert refusal(provider="hermes", filters={"q_keywords": "a"}).code == "provider_unknown"


def test_what_could_not_be_mapped_has_to_be_acknowledged():
    refused = refusal(url=URL, acknowledged=["savedSearchId=64a0"])

    assert refused.code == "unmapped_not_acknowledged"
    assert [each["text"] for each in refused.details["unmapped"]] == ["savedSearchId=64a0", "newThing=1"]
    assert "newThing=1" in str(refused)


def test_acknowledging_what_is_not_there_is_refused():
    refused = refusal(url=URL, acknowledged=["savedSearchId=64a0", "newThing=1", "other=2"])

    assert refused.code == "acknowledged_unknown"


def test_exactly_what_is_listed_is_acknowledged_and_kept_with_the_source():
    source = read_source(
        provider="apollo", url=URL, count=10, acknowledged=["newThing=1", "savedSearchId=64a0"], today=TODAY
    )

    assert source.filters == {"person_titles": ["ceo"]}
    assert LeadSource.from_json(source.as_json()) == source


def test_a_filter_by_name_counts_instead_of_that_of_the_address():
    source = read_source(
        provider="apollo", url=URL, filters={"person_titles": "cto"}, count=10, acknowledged=None, today=TODAY
    )

    assert source.filters == {"person_titles": ["cto"]}
