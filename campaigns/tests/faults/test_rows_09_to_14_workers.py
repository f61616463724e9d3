"""docs/faults.md, rows 9 to 14: workers killed, stopped or cut off from the database, and two at the same row."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError, connection

from campaigns.enrollment import stop_recipient
from campaigns.ledger import ledger
from campaigns.models import ExitReason, Message, Recipient
from campaigns.sending.recover import recover
from campaigns.tests.delivery.fault_server import PATIENCE, When
from campaigns.tests.faults.engine import end_leases, message_ids, send, statuses, taken_once
from campaigns.tests.faults.workers import held_back_while_making, is_held_back, until_gates_are_old, worker
from campaigns.tests.sending.sending import started_campaign
from campaigns_project.runtime.duties import DUTIES
from campaigns_project.tests.processes import stop, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_row_09_a_worker_killed_while_claimed_leaves_the_mails_waiting(now, facing, tmp_path):
    campaign = started_campaign(people=4, now=now)
    with facing() as server, worker(server, tmp_path) as process:
        with held_back_while_making():
            wait_until(lambda: is_held_back() and statuses() == {"claimed": 4}, "it has claimed")
            stop(process, signal.SIGKILL)
        assert (server.connections, ledger(campaign).in_flight) == (0, 4)

        send()  # takes over by the journal: no lease has to end for that
        while send():
            pass

    assert (taken_once(server), ledger(campaign).sent) == (4, 4)


def test_row_09_without_a_journal_they_wait_until_the_lease_ends(now, facing, tmp_path, settings):
    campaign = started_campaign(people=4, now=now)
    with facing() as server, worker(server, tmp_path) as process:
        with held_back_while_making():
            wait_until(lambda: is_held_back() and statuses() == {"claimed": 4}, "it has claimed")
            stop(process, signal.SIGKILL)
        settings.VAR_DIR = tmp_path / "another machine"
        assert (recover(now=now + timedelta(days=1)), send()) == (0, 0)  # the database's clock decides

        assert end_leases() == 4
        assert statuses() == {"pending": 4}
        while send():
            pass

    assert (taken_once(server), ledger(campaign).sent) == (4, 4)


def test_row_10_of_the_mails_of_a_killed_worker_only_the_one_at_the_server_is_uncertain(now, facing, tmp_path):
    campaign = started_campaign(people=8, now=now)
    answer = threading.Event()
    with facing(dot=[None, When(answer)]) as server, worker(server, tmp_path) as process:
        wait_until(lambda: len(server.mails) == 2, "the second mail is at the server")
        stop(process, signal.SIGKILL)
        answer.set()

        while send():
            pass

    assert taken_once(server) == 8
    assert (ledger(campaign).sent, ledger(campaign).uncertain, ledger(campaign).waiting) == (7, 1, 0)
    assert Message.objects.get(status="uncertain").message_id == message_ids(server.mails)[1]


def test_row_10_the_tick_takes_over_from_a_killed_worker_though_nothing_else_is_due(now, facing, tmp_path):
    campaign = started_campaign(people=4, now=now)
    answer = threading.Event()
    with facing(dot=[None, When(answer)]) as server, worker(server, tmp_path) as process:
        wait_until(lambda: len(server.mails) == 2, "the second mail is at the server")
        stop(process, signal.SIGKILL)
        answer.set()

        for duty in DUTIES:
            duty.run()

    assert statuses() == {"sent": 1, "uncertain": 1, "pending": 2}
    assert ledger(campaign).adds_up


def test_row_10_it_is_never_sent_again_by_itself(now, facing, tmp_path):
    campaign = started_campaign(people=1, steps=2, now=now)
    answer = threading.Event()
    with facing(dot=[When(answer)]) as server, worker(server, tmp_path) as process:
        wait_until(lambda: len(server.mails) == 1, "the mail is at the server")
        stop(process, signal.SIGKILL)
        answer.set()
        end_leases()

        Recipient.objects.update(next_send_at=now)
        assert send() == 0

    assert (len(server.mails), Recipient.objects.get().status) == (1, "paused")
    assert (ledger(campaign).uncertain, ledger(campaign).waiting) == (1, 1)


def test_row_11_accepted_when_the_database_is_gone_is_proven_by_the_journal(now, facing):
    campaign = started_campaign(people=1, steps=1, now=now)
    lose_the_database_at_the_dot(facing)

    assert statuses() == {"sending": 1}
    send()

    assert (statuses(), ledger(campaign).sent) == ({"sent": 1}, 1)


def test_row_11_accepted_when_the_database_is_gone_is_uncertain_where_no_journal_is(now, facing, settings, tmp_path):
    campaign = started_campaign(people=1, steps=1, now=now)
    lose_the_database_at_the_dot(facing)
    settings.VAR_DIR = tmp_path / "another machine"

    end_leases()
    Recipient.objects.update(next_send_at=now)
    send()

    assert (statuses(), ledger(campaign).uncertain) == ({"uncertain": 1}, 1)


def lose_the_database_at_the_dot(facing):
    """A turn in which the server takes the mail and the connection to Postgres is cut before that is recorded."""
    answer = threading.Event()
    with facing(dot=[When(answer)]) as server, ThreadPoolExecutor(1) as pool:
        turn = pool.submit(in_thread, send)
        wait_until(lambda: server.mails, "the mail is at the server")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        answer.set()
        with pytest.raises(DatabaseError):
            turn.result(PATIENCE)
        assert len(server.taken) == 1


def in_thread(act):
    try:
        return act()
    finally:
        connection.close()


@pytest.mark.timeout(170)
@pytest.mark.long
def test_row_12_postgres_restarts_while_workers_send():
    """Three restarts of a Postgres of its own under working lanes: they connect again, and the sums hold."""
    command = [sys.executable, "-m", "campaigns.tests.torture"]
    options = ["--people", "250", "--kills", "0", "--restarts", "3", "--seconds", "60"]

    ended = subprocess.run(
        [*command, *options], cwd=django_settings.BASE_DIR, capture_output=True, text=True, timeout=160, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Postgres restarted 3 times" in ended.stdout
    assert "500 mails taken" in ended.stdout


def test_row_13_two_workers_at_the_same_rows_send_each_mail_once(now, facing, tmp_path):
    campaign = started_campaign(people=60, steps=2, now=now)
    with facing() as server, worker(server, tmp_path) as process, ThreadPoolExecutor(2) as pool:
        others = [pool.submit(in_thread, lambda lane=lane: send_all(lane)) for lane in (3, 4)]
        settled = sum(other.result(60) for other in others)
        process.wait(60)

    assert taken_once(server) == 120
    assert settled <= 120
    assert (ledger(campaign).sent, ledger(campaign).uncertain) == (120, 0)


def send_all(lane):
    total = 0
    while settled := send(lane):
        total += settled
    return total


def test_row_14_a_worker_that_wakes_after_its_lease_sends_nothing_of_what_others_took_over(now, facing, tmp_path):
    campaign = started_campaign(people=8, now=now)
    answer = threading.Event()
    with facing(dot=[When(answer)]) as server, worker(server, tmp_path) as stalled:
        wait_until(lambda: server.mails, "the first mail is at the server")
        stalled.send_signal(signal.SIGSTOP)
        in_flight = statuses()
        end_leases()
        with facing() as other:
            while send():
                pass
        until_gates_are_old()
        assert statuses() == {"sent": in_flight["claimed"], "uncertain": in_flight["sending"]}
        answer.set()
        stalled.send_signal(signal.SIGCONT)
        stalled.wait(60)
        with facing() as third:
            while send():
                pass

    assert in_flight["claimed"] > 0
    # It knows of each that had passed its gate whether its content went out, and of the one that did what came of it.
    ids = message_ids(server.taken + other.taken + third.taken)
    assert (len(set(ids)), len(ids), statuses()) == (8, 8, {"sent": 8})
    assert ledger(campaign).adds_up


def test_row_14_a_worker_that_stalls_between_gate_and_content_sends_no_content(now, facing, tmp_path):
    started_campaign(people=1, now=now)
    go_on = threading.Event()
    with facing(data=[When(go_on)]) as server, worker(server, tmp_path) as stalled:
        wait_until(lambda: "DATA" in server.verbs(), "it waits for the 354")
        stalled.send_signal(signal.SIGSTOP)
        end_leases()
        stop_recipient(Recipient.objects.get().pk, reason=ExitReason.UNSUBSCRIBED, at=now)
        until_gates_are_old()
        assert statuses() == {"uncertain": 1}
        go_on.set()
        stalled.send_signal(signal.SIGCONT)
        stalled.wait(60)

    assert (server.mails, statuses()) == ([], {"skipped": 1})


def test_row_14_a_stopped_workers_journal_is_not_believed_while_it_can_wake(now, facing, tmp_path):
    started_campaign(people=8, now=now)
    answer = threading.Event()
    with facing(dot=[When(answer)]) as server, worker(server, tmp_path) as stalled:
        wait_until(lambda: server.mails, "the first mail is at the server")
        before = statuses()
        stalled.send_signal(signal.SIGSTOP)

        assert send() == 0
        assert statuses() == before

        answer.set()
        stalled.send_signal(signal.SIGCONT)
        stalled.wait(60)

    assert (taken_once(server), statuses()) == (8, {"sent": 8})
