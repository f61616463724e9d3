"""The address of a search in Apollo's interface, read into the filters of its API."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.providers.apollo.url import read_url
from leads.providers.errors import SourceRefused

TODAY = date(2026, 11, 20)
AT = "https://app.apollo.io/#/people?"


def filters(query: str) -> dict:
    found, unmapped = read_url(AT + query, today=TODAY)
    assert unmapped == []
    return found


def unmapped(query: str) -> list[tuple[str, str, str]]:
    return [(each.key, each.value, each.why) for each in read_url(AT + query, today=TODAY)[1]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("personTitles[]=ceo&personTitles[]=founder", {"person_titles": ["ceo", "founder"]}),
        ("personTitles%5B%5D=head%20of%20growth", {"person_titles": ["head of growth"]}),
        ("personTitles%255B%255D=head%2520of%2520growth", {"person_titles": ["head of growth"]}),
        ("personTitles[0]=ceo&personTitles[1]=cto", {"person_titles": ["ceo", "cto"]}),
        ("personTitles[]=c%2B%2B+developer", {"person_titles": ["c++ developer"]}),
        ("personNotTitles[]=intern", {"person_not_titles": ["intern"]}),
        ("personSeniorities[]=c_suite", {"person_seniorities": ["c_suite"]}),
        ("personDepartmentOrSubdepartments[]=x", {"person_department_or_subdepartments": ["x"]}),
        ("personLocations[]=Germany&personNotLocations[]=Bonn",
         {"person_locations": ["Germany"], "person_not_locations": ["Bonn"]}),
        ("organizationLocations[]=France&organizationNotLocations[]=Lyon",
         {"organization_locations": ["France"], "organization_not_locations": ["Lyon"]}),
        ("organizationIds[]=5e0000000000000000000001", {"organization_ids": ["5e0000000000000000000001"]}),
        ("notOrganizationIds[]=5e0000000000000000000001&organizationNotIds[]=5e0000000000000000000002",
         {"organization_not_ids": ["5e0000000000000000000001", "5e0000000000000000000002"]}),
        ("organizationNumEmployeesRanges[]=11%2C50&organizationNumEmployeesRanges[]=10001,",
         {"organization_num_employees_ranges": ["11,50", "10001,"]}),
        ("organizationIndustryTagIds[]=5567cd4773696439b10b0000",
         {"organization_industry_tag_ids": ["5567cd4773696439b10b0000"]}),
        ("qOrganizationKeywordTags[]=saas&organizationKeywordTags[]=crm",
         {"q_organization_keyword_tags": ["saas", "crm"]}),
        ("includedOrganizationKeywordFields[]=tags", {"included_organization_keyword_fields": ["tags"]}),
        ("contactEmailStatusV2[]=likely_to_engage&contactEmailStatus[]=verified",
         {"contact_email_status": ["likely to engage", "verified"]}),
        ("contactEmailExcludeCatchAll=true&personTitles[]=a", {"exclude_catch_all": True, "person_titles": ["a"]}),
        ("qKeywords=growth&qPersonName=Ada", {"q_keywords": "growth", "q_person_name": "Ada"}),
        ("qOrganizationDomainsList[]=www.Example.com", {"q_organization_domains_list": ["example.com"]}),
        ("qOrganizationDomains=a.example%0Ab.example", {"q_organization_domains_list": ["a.example", "b.example"]}),
        ("qOrganizationName=Acme", {"q_organization_name": "Acme"}),
        ("revenueRange[min]=1000&revenueRange[max]=5000", {"revenue_range": {"min": 1000, "max": 5000}}),
        ("revenueRange%5Bmin%5D=1000", {"revenue_range": {"min": 1000}}),
        ("organizationJobPostedAtRange[min]=60_days_ago&organizationJobPostedAtRange[max]=today",
         {"organization_job_posted_at_range": {"min": "2026-09-21", "max": "2026-11-20"}}),
        ("currentlyUsingAnyOfTechnologyUids[]=google_analytics",
         {"currently_using_any_of_technology_uids": ["google_analytics"]}),
        ("includeSimilarTitles=false&personTitles[]=a", {"include_similar_titles": False, "person_titles": ["a"]}),
        ("page=3&sortByField=x&sortAscending=false&finderViewId=1&uniqueUrlId=u&qKeywords=a", {"q_keywords": "a"}),
        ("contactLabelIds[]=5e0000000000000000000001", {"contact_label_ids": ["5e0000000000000000000001"]}),
        ("", {}),
    ],
)  # fmt: skip
def test_every_filter_of_the_interface_becomes_that_of_the_api(query, expected):
    assert filters(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("savedSearchId=64a0", [("savedSearchId", "64a0", "not_in_api")]),
        ("qOrganizationSearchListId=1", [("qOrganizationSearchListId", "1", "not_in_api")]),
        ("qPersonPersonaIds[]=1&qPersonPersonaIds[]=2", [("qPersonPersonaIds", "1,2", "not_in_api")]),
        ("prospectedByCurrentTeam[]=no", [("prospectedByCurrentTeam", "no", "not_in_api")]),
        ("somethingNew[]=1", [("somethingNew", "1", "unknown")]),
        ("personTitles[deep][er]=1", [("personTitles[deep][er]", "1", "unknown")]),
        ("personSeniorities[]=emperor", [("personSeniorities", "emperor", "bad_value")]),
        ("organizationNumEmployeesRanges[]=many", [("organizationNumEmployeesRanges", "many", "bad_value")]),
        ("revenueRange[min]=9&revenueRange[max]=1", [("revenueRange", "min:9,max:1", "bad_value")]),
        ("revenueRange[]=5&revenueRange[min]=1", [("revenueRange[min]", "1", "unknown")]),
        ("latestFundingDateRange[min]=9999_years_ago", [("latestFundingDateRange", "min:9999_years_ago", "bad_value")]),
        ("organizationJobPostedAtRange[min]=lately", [("organizationJobPostedAtRange", "min:lately", "bad_value")]),
        ("contactLabelIds[]=5e0000000000000000000001&personTitles[]=ceo",
         [("personTitles", "ceo", "other_search")]),
    ],
)  # fmt: skip
def test_what_the_api_cannot_be_asked_is_told_and_never_left_out(query, expected):
    assert unmapped(query) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://app.apollo.io/#/people?qKeywords=a",
        "https://app.apollo.io/#%2Fpeople%3FqKeywords%3Da",
        "https://app.apollo.io/people?qKeywords=a",
        "https://app.apollo.io/#/contacts?qKeywords=a",
        "  https://app.apollo.io/?utm=1#/people/new?qKeywords=a  ",
    ],
)
def test_the_forms_an_address_comes_in_are_all_read(url):
    assert read_url(url, today=TODAY) == ({"q_keywords": "a"}, [])


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/#/people?qKeywords=a",
        "https://apollo.io.example.com/#/people?qKeywords=a",
        "https://app.apollo.io/#/companies?qKeywords=a",
        "javascript:alert(1)",
        "https://[app.apollo.io/#/people?qKeywords=a",
        "ceos in Germany",
        "https://app.apollo.io/#/people?qKeywords=" + "a" * 3000,
    ],
)
def test_an_address_that_is_no_people_search_is_refused(url):
    with pytest.raises(SourceRefused) as refused:
        read_url(url, today=TODAY)

    assert (refused.value.code, refused.value.details["field"]) == ("not_a_search_url", "url")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_whatever_stands_behind_the_question_mark_nothing_breaks(query):
    found, unmapped = read_url(AT + query.replace("#", ""), today=TODAY)

    assert isinstance(found, dict)
    assert all(each.text for each in unmapped)
