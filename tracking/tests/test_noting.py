"""Opens and clicks noted by many at once, over real connections: what was answered is there, whatever dies."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import psutil
import pytest
from django.db import connection, transaction

from campaigns import tokens
from campaigns.tokens import Purpose, Token
from campaigns_project.runtime.serve import web_command
from campaigns_project.tests.processes import free_port, started, wait_until
from tracking import notes
from tracking.models import RawEvent
from tracking.tests.threads import at_once
from tracking.views import PIXEL
from tracking.visitors import Visitor

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 24  # mail programs at once
ENOUGH = 500  # opens answered before the kill


def load(port, message_ids, answered):
    """Load the pixels of these mails one after the other, and keep which were answered, until nobody answers."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with suppress(OSError, http.client.HTTPException):
        for message_id in message_ids:
            line.request("GET", f"/t/{tokens.sign(Purpose.OPEN, message_id)}/open")
            if line.getresponse().read() == PIXEL:
                answered.append(message_id)
    line.close()


def test_no_open_that_was_answered_is_lost_when_the_web_is_killed(tmp_path, settings):
    settings.WEB_PORT, log, answered = free_port(), tmp_path / "web.log", []

    with (
        started(*web_command(processes=2)[1:], log=log) as web,
        ThreadPoolExecutor(MANY) as programs,
    ):
        wait_until(lambda: answers(settings.WEB_PORT), "the web answers", log)
        for program in range(MANY):
            programs.submit(load, settings.WEB_PORT, range(1 + program, 10**9, MANY), answered)
        wait_until(lambda: len(answered) >= ENOUGH, "many opens are answered", log)
        for process in (psutil.Process(web.pid), *psutil.Process(web.pid).children(recursive=True)):
            process.kill()

    noted = [*RawEvent.objects.values_list("message_ref", flat=True)]
    assert set(answered) - set(noted) == set()
    assert len(noted) == len(set(noted))
    assert len(noted) <= len(answered) + MANY  # those that were on their way


def answers(port):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def note(message_id, user_agent="Thunderbird"):
    return notes.note_open(Token(message_id), Visitor(user_agent, "203.0.113.9"))


def noted():
    return sorted(RawEvent.objects.values_list("message_ref", flat=True))


def test_many_at_once_are_all_noted_over_one_connection():
    wait_until(lambda: sessions() == 1, "those of tests before have ended, which takes Postgres a moment")
    together = Barrier(MANY)

    def come(number):
        together.wait(timeout=30)
        return all(note(message_id) for message_id in range(number, 480, MANY))

    with ThreadPoolExecutor(MANY) as pool:
        assert all(pool.map(come, range(MANY)))

    assert noted() == [*range(480)]
    assert sessions() == 2  # the test's own, and that one


def test_one_that_cannot_be_stored_takes_no_other_with_it(caplog):
    results = at_once(*(lambda n=n: note(n, "\x00" if n == 3 else "Thunderbird") for n in range(8)))

    assert results == [number != 3 for number in range(8)]
    assert noted() == [0, 1, 2, 4, 5, 6, 7]
    assert "An open of message 3 could not be noted" in caplog.text


def test_after_the_database_has_cut_the_connection_the_next_open_is_noted():
    note(1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND query LIKE '%INSERT INTO tracking_raw_events%' AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchall() == [(True,)]

    assert note(2)
    assert noted() == [1, 2]


def test_within_a_transaction_a_note_is_kept_only_if_that_is():
    with suppress(ZeroDivisionError), transaction.atomic():
        note(1)
        raise ZeroDivisionError

    assert noted() == []


def sessions():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return cursor.fetchone()[0]
