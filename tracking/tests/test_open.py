import secrets

import pytest
from django.db import connection
from django.test import Client

from campaigns import tokens
from campaigns.tests.factories import MessageFactory
from campaigns.tokens import Purpose
from tracking.models import RawEvent

pytestmark = pytest.mark.django_db


def open_path(message_id):
    return f"/t/{tokens.sign(Purpose.OPEN, message_id)}/open"


def told(response):
    """All an observer can see of an answer; the request id is random by its nature."""
    return response.status_code, response.content, {**response.headers, "X-Request-ID": ""}, dict(response.cookies)


def test_an_open_is_noted_with_who_opened(client):
    message = MessageFactory()

    client.get(open_path(message.pk), headers={"User-Agent": "Thunderbird/128"}, REMOTE_ADDR="203.0.113.9")

    noted = RawEvent.objects.values("event_type", "message_ref", "link_ref", "user_agent", "ip_address", "source").get()
    assert noted == {
        "event_type": "open",
        "message_ref": message.pk,
        "link_ref": None,
        "user_agent": "Thunderbird/128",
        "ip_address": "203.0.113.9",
        "source": "track.open",
    }


def test_the_answer_is_a_gif_of_43_bytes_that_nobody_keeps(client):
    response = client.get(open_path(1))

    assert response.status_code == 200
    assert response["Content-Type"] == "image/gif"
    assert response["Cache-Control"] == "no-store"
    assert len(response.content) == 43
    assert response.content.startswith(b"GIF89a\x01\x00\x01\x00")


def test_noting_is_one_insert_and_nothing_else(client, django_assert_num_queries):
    with django_assert_num_queries(1) as queries:
        client.get(open_path(7))

    assert queries.captured_queries[0]["sql"].strip().startswith("INSERT INTO tracking_raw_events")


def test_both_mounts_are_the_same(client):
    path = open_path(7)

    client.get(path)
    client.get(path.replace("/t/", "/api/v1/campaigns/track/"))

    assert RawEvent.objects.filter(message_ref=7, event_type="open").count() == 2


def test_both_mounts_take_the_short_way_and_are_as_guarded_as_a_page(client):
    path = open_path(7)

    answers = [client.get(path), client.get(path.replace("/t/", "/api/v1/campaigns/track/"))]

    for answer in answers:
        assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert (answer["Content-Length"], answer.has_header("X-Request-ID")) == ("43", True)


@pytest.mark.parametrize("path", ["{}/", "{}x", "/x{}", "{}/open"])
def test_what_only_looks_like_the_pixel_is_found_nowhere(client, path):
    response = client.get(path.format(open_path(7)))

    assert (response.status_code, RawEvent.objects.count()) == (404, 0)


def test_a_host_that_is_not_ours_is_refused(client, settings):
    settings.ALLOWED_HOSTS = ["fairlead.example"]

    response = client.get(open_path(7), headers={"Host": "elsewhere.example"})

    assert (response.status_code, RawEvent.objects.count()) == (400, 0)


def test_head_notes_nothing(client):
    response = client.head(open_path(7))

    assert (response.status_code, RawEvent.objects.count()) == (200, 0)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_other_methods_are_refused_and_note_nothing(client, method):
    response = getattr(client, method)(open_path(7))

    assert (response.status_code, RawEvent.objects.count()) == (405, 0)


def test_no_damaged_token_is_told_apart_or_noted(client):
    good = tokens.sign(Purpose.OPEN, 7)
    expected = told(client.get(f"/t/{good}/open"))
    RawEvent.objects.all().delete()
    damaged = [f"{good[:at]}{'A' if good[at] != 'A' else 'B'}{good[at + 1 :]}" for at in range(len(good))]
    damaged += [good[:-1], good + "A", good + "=", good.lower(), "x" * 5000, "%00", "%F0%9F%98%80", "%ff", " ", "."]
    damaged += [tokens.sign(purpose, 7) for purpose in Purpose if purpose != Purpose.OPEN]

    answers = [told(client.get(f"/t/{token}/open")) for token in damaged]

    assert [answer for answer in answers if answer != expected] == []
    assert RawEvent.objects.count() == 0


def test_ten_thousand_guesses_note_nothing(client):
    expected = told(client.get("/t/none/open"))

    answers = [told(client.get(f"/t/{secrets.token_urlsafe(20)}/open")) for _ in range(10_000)]

    assert all(answer == expected for answer in answers)
    assert RawEvent.objects.count() == 0


def test_a_token_outlives_a_change_of_the_key(client, settings):
    path = open_path(7)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key " + "n" * 50

    client.get(path)

    assert RawEvent.objects.filter(message_ref=7).count() == 1


@pytest.mark.parametrize("agent", ["a\x00b", "caf\udce9 \ud800", "x" * 100_000, "'); DROP TABLE leads; --", "%s %(x)s"])
def test_no_user_agent_breaks_the_insert(client, agent):
    client.get(open_path(7), HTTP_USER_AGENT=agent)

    assert len(RawEvent.objects.get().user_agent) <= 500


@pytest.mark.parametrize("session", ["damaged", "0123456789abcdefghijklmnopqrstuv"])
def test_no_cookie_is_set_and_none_is_looked_at(session):
    client = Client()
    client.cookies["fairlead_csrf"] = "damaged"
    client.cookies["fairlead_session"] = session

    response = client.get(open_path(7))

    assert (dict(response.cookies), response.has_header("Vary")) == ({}, False)


@pytest.mark.django_db(transaction=True)
def test_the_pixel_is_served_when_the_database_takes_nothing(client, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tracking_raw_events RENAME TO away")
    try:
        response = client.get(open_path(7))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO tracking_raw_events")

    assert (response.status_code, len(response.content)) == (200, 43)
    assert "An open of message 7 could not be noted" in caplog.text
