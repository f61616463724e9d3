"""A caller in a loop is told to wait; nobody else is, and no open or click ever."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from campaigns.tests.factories import MembershipFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.rest.clients import key_client
from leads.models import Tag

pytestmark = pytest.mark.django_db

MOST = 3


@pytest.fixture(autouse=True)
def clock(settings, monkeypatch):
    """The time that passes for the limit alone; each test in a minute of its own."""
    settings.API_REQUESTS_PER_MINUTE = MOST
    times = [1_000_000 * 60 + 15.5]
    monkeypatch.setattr("campaigns_project.rest.throttling.time", lambda: times[0])
    return times


def statuses(client, address="/api/v1/me", times=MOST + 1):
    return [client.get(address).status_code for _ in range(times)]


def test_a_key_in_a_loop_is_told_how_long_to_wait():
    client = key_client(Role.VIEWER)
    allowed = statuses(client, times=MOST)

    answer = client.get("/api/v1/me")

    assert (allowed, answer.status_code, answer["Retry-After"]) == ([200] * MOST, 429, "45")
    assert answer["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert (said["code"], said["title"]) == ("throttled", "Too many requests")
    assert "Retry-After" in said["hint"]


def test_every_answer_says_how_many_are_left_and_when_there_are_new_ones():
    client = key_client(Role.VIEWER)

    answers = [client.get(f"/api/v1/{path}") for path in ("me", "tags?nothing=1", "tags/999", "me")]

    told = [[int(answer[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset")] for answer in answers]
    assert [answer.status_code for answer in answers] == [200, 400, 404, 429]
    assert told == [[MOST, left, 1_000_001 * 60] for left in (2, 1, 0, 0)]


def test_in_the_next_minute_it_goes_on(clock):
    client = key_client(Role.VIEWER)
    before = statuses(client)

    clock[0] += 45

    assert (before[-1], statuses(client)) == (429, [200] * MOST + [429])


def test_another_key_of_the_same_organization_goes_on():
    client = key_client(Role.VIEWER)
    statuses(client)

    assert client.get("/api/v1/me").status_code == 429
    assert key_client(Role.VIEWER, client.organization).get("/api/v1/me").status_code == 200


def test_a_person_is_counted_in_all_sessions_together():
    person = MembershipFactory(role=Role.OWNER).user

    assert statuses(client_of(person), times=MOST) == [200] * MOST
    assert client_of(person).get("/api/v1/me").status_code == 429
    assert client_of(MembershipFactory().user).get("/api/v1/me").status_code == 200


def test_what_is_refused_changes_nothing():
    client = key_client(Role.OPERATOR)
    statuses(client)

    assert client.post("/api/v1/tags", {"name": "loop"}).status_code == 429
    assert not Tag.objects.exists()


def test_the_document_is_counted_by_address(settings):
    settings.API_REQUESTS_PER_MINUTE = 1  # to make it takes seconds

    assert statuses(APIClient(), "/api/v1/schema/", times=2) == [200, 429]


def test_opens_clicks_and_probes_are_never_told_to_wait():
    client = Client()

    for address in ("/t/nothing/open", "/t/nothing/click", "/api/v1/campaigns/track/nothing/open", "/healthz"):
        assert 429 not in statuses(client, address, times=MOST * 3)
