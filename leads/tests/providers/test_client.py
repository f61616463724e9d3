"""Every way a call to Apollo can fail, over real HTTP."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from campaigns_project.errors import Refused
from campaigns_project.outbound import AddressNotAllowed
from leads.providers.apollo.client import ApolloClient
from leads.providers.errors import KeyRefused, LostAnswer, ProviderLimited, ProviderRefused, ProviderUnreachable
from leads.tests.providers.fake_apollo import FakeApollo, Reply

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SEARCH = "mixed_people/api_search"
ASK = {"q_keywords": "a", "page": 1, "per_page": 10}


class Waits(list):
    """Notes how long it was asked to wait, and does not."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(apollo: FakeApollo, waits: Waits) -> ApolloClient:
    return ApolloClient(api_key="master-key", url=apollo.url, wait=waits, clock=lambda: NOON)


def refused(call, kind=ProviderRefused):
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def test_the_key_goes_in_its_header_and_nowhere_else(apollo, client):
    client.search(SEARCH, ASK)

    call = apollo.calls[0]
    assert {name.lower(): value for name, value in call.headers.items()}["x-api-key"] == "master-key"
    assert "master-key" not in f"{call.body} {call.query}"


def test_a_wrong_key_is_answered_in_plain_text_and_is_a_key_refused(apollo):
    client = ApolloClient(api_key="s3cret-key", url=apollo.url)

    answer = refused(lambda: client.search(SEARCH, ASK), KeyRefused)

    assert answer.code == "provider_key_refused"
    assert "Invalid API key" in answer.message


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
def test_a_key_that_comes_back_is_in_no_message(apollo, client, status):
    reply = Reply(status, {"error": "The key master-key is not good."})
    apollo.next_reply(SEARCH, reply, reply, reply)

    answer = refused(lambda: client.search(SEARCH, ASK))

    assert "master-key" not in f"{answer} {answer.details}"


@pytest.mark.parametrize("key", ["", "a b", "a\r\nx-evil: 1", "ключ", "a" * 501])
def test_a_key_that_cannot_stand_in_a_header_is_refused_before_anything_is_sent(apollo, key):
    client = ApolloClient(api_key=key, url=apollo.url)

    answer = refused(lambda: client.search(SEARCH, ASK), KeyRefused)

    assert answer.code == "provider_key_refused"
    assert apollo.calls == []


def test_a_key_without_the_scope_is_told_from_a_wrong_one(apollo, client):
    apollo.keys["master-key"] = {"people/bulk_match"}

    answer = refused(lambda: client.search(SEARCH, ASK), KeyRefused)

    assert (answer.code, answer.details["path"]) == ("provider_not_allowed", SEARCH)


def test_a_plan_without_the_endpoint_says_so_in_another_shape(apollo, client):
    apollo.next_reply(SEARCH, Reply(403, {"message": "This endpoint is only available to paid plans."}))

    assert "paid plans" in refused(lambda: client.search(SEARCH, ASK), KeyRefused).message


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (402, {"error": "Payment required"}, "provider_no_credits"),
        (422, {"error": "You have insufficient credits."}, "provider_no_credits"),
        (422, {"error": "This endpoint is deprecated."}, "provider_deprecated"),
        (422, {"error": "Page * per page number is over threshold"}, "provider_window"),
        (422, {"status": "failed", "error_code": "UNKNOWN_ERROR", "error_message": "No."}, "provider_refused_request"),
        (422, {"status": "failed", "error_code": "UNKNOWN_ERROR"}, "provider_refused_request"),
        (400, "Bad request", "provider_refused_request"),
        (301, "Moved", "provider_refused_request"),
    ],
)
def test_each_way_of_saying_no_has_its_code(apollo, client, status, body, code):
    apollo.next_reply(SEARCH, Reply(status, body))

    answer = refused(lambda: client.search(SEARCH, ASK))

    assert answer.code == code
    assert len(apollo.calls) == 1


def test_a_short_limit_is_waited_out(apollo, client, waits):
    apollo.limits[SEARCH]["minute"] = 1
    client.search(SEARCH, ASK)

    client.search(SEARCH, ASK)

    assert waits == [2.0]


def test_the_limit_of_an_hour_is_not_waited_out(apollo, client, waits):
    apollo.limits[SEARCH]["hour"] = 0

    answer = refused(lambda: client.search(SEARCH, ASK), ProviderLimited)

    assert (answer.code, answer.retry_at, waits) == ("provider_limited", NOON + timedelta(hours=1), [])
    assert "0 times per hour" in answer.message


@pytest.mark.parametrize(
    ("headers", "said", "seconds"),
    [
        ({}, "600 times per hour.", 3_600),
        ({}, "50000 times per day.", 86_400),
        ({}, "200 times per minute.", 60),
        ({}, "", 60),
        ({"retry-after": "45"}, "", 45),
        ({"retry-after": "Fri, 20 Nov 2026 12:05:00 GMT"}, "", 300),
        ({"retry-after": "soon", "x-hourly-requests-left": "0"}, "", 3_600),
        ({"x-24-hour-requests-left": "0"}, "", 86_400),
        ({"x-daily-requests-left": "0"}, "", 86_400),
        ({"x-rate-limit-hourly": "", "x-hourly-requests-left": ""}, "", 60),
    ],
)
def test_when_to_ask_again_is_read_from_whatever_says_it(apollo, client, headers, said, seconds):
    apollo.next_reply(SEARCH, lambda _usual: Reply(429, {"message": said}, headers))
    apollo._counts = lambda _path: {}  # its own headers would say more than this answer

    answer = refused(lambda: client.search(SEARCH, ASK), ProviderLimited)

    assert answer.retry_at == NOON + timedelta(seconds=seconds)


def test_a_limit_that_does_not_end_stops_after_some_tries(apollo, client, waits):
    again = Reply(429, {"message": "slow down"}, {"retry-after": "2"})
    apollo.next_reply(SEARCH, again, again, again)

    answer = refused(lambda: client.search(SEARCH, ASK), ProviderLimited)

    assert (waits, answer.retry_at) == ([2.0, 2.0], NOON + timedelta(seconds=2))


def test_a_fault_over_there_is_tried_again_for_a_search(apollo, client, waits):
    apollo.next_reply(SEARCH, Reply(502, "Bad gateway"), Reply(500, {"error": "oops"}))

    assert client.search(SEARCH, ASK)["total_entries"] > 0
    assert waits == [1.0, 4.0]


def test_a_fault_that_does_not_end_is_unreachable_and_may_pass(apollo, client):
    apollo.next_reply(SEARCH, *[Reply(503, "")] * 3)

    answer = refused(lambda: client.search(SEARCH, ASK), ProviderUnreachable)

    assert (answer.code, answer.is_passing) == ("provider_unreachable", True)


@pytest.mark.parametrize("reply", [Reply(500, ""), Reply(200, None, is_dropped=True), Reply(200, None, raw=b"<html>")])
def test_what_costs_is_never_asked_twice_where_it_may_have_been_done(apollo, client, reply):
    apollo.next_reply("people/bulk_match", reply)

    refused(lambda: client.buy("people/bulk_match", {"details": [{"id": apollo.people[0].id}]}, {}), LostAnswer)

    assert len(apollo.calls) == 1


def test_what_costs_is_asked_again_where_nobody_was_reached(waits):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/api/v1"
    client = ApolloClient(api_key="k", url=url, wait=waits)

    answer = refused(lambda: client.buy("people/bulk_match", {}, {}), ProviderUnreachable)

    assert not isinstance(answer, LostAnswer)
    assert waits == [1.0, 4.0]


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"\xff\xfe", b"{", b'{"a": NaN}', b'{"a":' + b"[" * 90_000])
def test_an_answer_that_is_no_json_object_is_told_as_such(apollo, client, raw):
    apollo.next_reply(SEARCH, Reply(200, None, raw=raw))

    assert refused(lambda: client.search(SEARCH, ASK)).code == "provider_answer_unreadable"


def test_what_no_database_can_hold_is_marked(apollo, client):
    apollo.next_reply(SEARCH, Reply(200, None, raw=b'{"a\\u0000": ["\\ud800", 1]}'))

    assert client.search(SEARCH, ASK) == {"a\ufffd": ["\ufffd", 1]}


def test_an_address_inside_the_network_is_not_connected_to(settings):
    settings.OUTBOUND_ALLOW_HOSTS = []
    client = ApolloClient(api_key="k", url="https://127.0.0.1:1/api/v1")

    with pytest.raises(AddressNotAllowed):
        client.search(SEARCH, ASK)


def test_a_key_is_not_sent_over_plain_http_to_a_host_that_is_not_ones_own(settings):
    settings.OUTBOUND_ALLOW_HOSTS = ["10.0.0.0/8"]
    client = ApolloClient(api_key="k", url="http://api.apollo.example/api/v1")

    assert refused(lambda: client.search(SEARCH, ASK), Refused).code == "not_encrypted"


def test_page_501_is_refused_over_there_and_said_in_our_words(client):
    answer = refused(lambda: client.search(SEARCH, {**ASK, "page": 501, "per_page": 100}))

    assert answer.code == "provider_window"


def test_a_range_as_a_text_is_a_fault_of_its_server(client):
    answer = refused(lambda: client.search(SEARCH, {**ASK, "revenue_range": "1,2"}))

    assert "String into Integer" in answer.message


@pytest.fixture
def drip():
    """A server that sends a byte of its headers now and then, without end."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not ended.wait(0.05):
                try:
                    connection.sendall(b"a")
                except OSError:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
    ended.set()
    thread.join()
    listener.close()


def test_an_answer_that_never_ends_is_cut_off(drip, monkeypatch, waits):
    monkeypatch.setattr("leads.providers.calls.SECONDS", 0.5)
    client = ApolloClient(api_key="k", url=drip, wait=waits)
    began = time.monotonic()

    answer = refused(lambda: client.get("users/api_profile", tries=1), LostAnswer)

    assert time.monotonic() - began < 5
    assert "0.5 s" in answer.message
