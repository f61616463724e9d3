"""Lists of leads by a question that no index answers: a part of them a page, and everybody in the end."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from campaigns.tests.factories import LeadFactory, MembershipFactory, OrganizationFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of, member
from campaigns_project.tests.rest.clients import key_client
from leads.models import Lead, Segment
from leads.tests.slow import far_apart, slow_segment

pytestmark = pytest.mark.django_db

LIST = "/admin/leads/lead/"


@pytest.fixture
def home() -> Any:
    return OrganizationFactory()


@pytest.fixture
def slow(home: Any) -> Iterator[Segment]:
    with slow_segment(home) as segment:
        yield segment


@pytest.fixture
def viewer(home: Any) -> Client:
    return member(home, Role.VIEWER)


def page(client: Client, query: str) -> Any:
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    return response


def shown(response: Any) -> list[int]:
    return [lead.pk for lead in response.context_data["cl"].result_list]


def walked(client: Client, response: Any, link: str) -> list[list[int]]:
    """The pages from this one on, by one of their links."""
    pages = [shown(response)]
    while query := getattr(response.context_data["cl"].around, link):
        response = page(client, query)
        pages.append(shown(response))
    return pages


def test_a_page_says_how_far_it_was_looked_and_leads_on_until_everybody_was_found(
    viewer: Client, home: Any, slow: Segment
) -> None:
    leads = [lead.pk for lead in far_apart(home)]

    first = page(viewer, f"?segment={slow.pk}")
    pages = walked(viewer, first, "older")

    text = first.content.decode()
    assert re.search(r"so far the newest \d+% of all leads were looked through", text)
    assert "Look further" in text and re.search(r"<b>(about [\d,]+|\d+\+) leads?</b>", text)
    assert len(pages) > 1
    assert [pk for each in pages for pk in each] == leads


def test_a_page_without_any_says_that_none_was_found_so_far(viewer: Client, home: Any, slow: Segment) -> None:
    far_apart(home)
    Lead.objects.filter(pk__gte=20_004).update(organization=OrganizationFactory())
    LeadFactory(organization=home, pk=10_000_000)

    empty = page(viewer, f"?segment={slow.pk}&below=9999999")

    assert "None found so far" in empty.content.decode()
    assert [pk for each in walked(viewer, empty, "older") for pk in each] == [20_003, 20_002, 20_001, 20_000]


def test_the_pages_of_the_list_lead_on_and_back(viewer: Client, home: Any) -> None:
    leads = [LeadFactory(organization=home).pk for _ in range(120)][::-1]

    first = page(viewer, "")
    pages = walked(viewer, first, "older")
    last = page(viewer, f"?below={pages[1][-1]}")
    back = walked(viewer, last, "newer")

    assert [pk for each in pages for pk in each] == leads
    assert back == pages[::-1]
    assert first.context_data["cl"].around.newer == ""


def test_too_little_above_a_page_shows_the_newest_whole_page(viewer: Client, home: Any) -> None:
    leads = [LeadFactory(organization=home).pk for _ in range(60)][::-1]

    assert shown(page(viewer, f"?above={leads[5]}")) == leads[:50]


def test_behind_the_last_lead_the_list_leads_back(viewer: Client, home: Any) -> None:
    lead = LeadFactory(organization=home)

    after = page(viewer, f"?below={lead.pk}")

    assert "No more" in after.content.decode()
    assert shown(page(viewer, after.context_data["cl"].around.newer)) == [lead.pk]


def test_where_nobody_was_found_all_the_way_down_nothing_matches(viewer: Client, home: Any, slow: Segment) -> None:
    far_apart(home)
    slow.rules["groups"][0]["rules"][0]["operator"] = "is_not"
    slow.save()

    response = page(viewer, f"?segment={slow.pk}")
    texts = [response.content.decode()]
    while further := response.context_data["cl"].around.further:
        response = page(viewer, further)
        texts.append(response.content.decode())

    assert ["None found so far" in text for text in texts] == [True] * (len(texts) - 1) + [False]
    assert len(texts) > 1 and "Nothing matches" in texts[-1]
    assert "<b>0 leads</b>" in texts[-1]


def test_the_links_keep_what_the_list_is_narrowed_by(home: Any) -> None:
    user = MembershipFactory(organization=home, role=Role.VIEWER).user
    MembershipFactory(user=user, role=Role.VIEWER)
    for _ in range(51):
        LeadFactory(organization=home)

    first = page(client_of(user), f"?organization__id__exact={home.pk}&status__exact=ok&p=3")

    assert first.context_data["cl"].around.older == (
        f"?below={shown(first)[-1]}&organization__id__exact={home.pk}&status__exact=ok"
    )


def test_a_place_that_is_no_number_is_none(viewer: Client) -> None:
    assert viewer.get(f"{LIST}?below=x").status_code == 302


def test_sorted_by_the_address_it_is_read_page_by_page(viewer: Client, home: Any) -> None:
    for number in range(55):
        LeadFactory(organization=home, email=f"p{number:02}@acme.example")

    first, second = page(viewer, "?o=1"), page(viewer, "?o=1&p=2")

    emails = [lead.email for each in (first, second) for lead in each.context_data["cl"].result_list]
    assert emails == [f"p{number:02}@acme.example" for number in range(55)]


def test_what_cannot_be_sorted_in_time_comes_newest_first_and_says_so(viewer: Client, home: Any, slow: Segment) -> None:
    leads = [lead.pk for lead in far_apart(home)]

    first = page(viewer, f"?segment={slow.pk}&o=1")

    assert "Sorting these takes too long" in first.content.decode()
    assert shown(first) == leads[: len(shown(first))]


def test_the_api_leads_on_through_a_slow_list_and_back(home: Any, slow: Segment) -> None:
    leads = [lead.pk for lead in far_apart(home)]
    client = key_client(organization=home)

    for address in (f"/api/v1/leads?segment={slow.pk}", f"/api/v1/segments/{slow.pk}/members?page_size=50"):
        there = followed(client, address, "next")
        back = followed(client, there[-1]["previous"], "previous")

        assert len(there) > 1
        assert [row["id"] for answer in there for row in answer["results"]] == leads
        found = [row["id"] for answer in reversed(back) for row in answer["results"]]
        assert found == leads[: len(found)] and len(found) >= len(leads) - len(there[-1]["results"])


def followed(client: Any, address: str, link: str) -> list[dict[str, Any]]:
    answers = []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200
        answers.append(answer.json())
        address = answers[-1][link]
    return answers
