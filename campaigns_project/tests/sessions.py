"""Two sessions of the database beside each other, one waiting for what the other holds."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from campaigns_project.tests.processes import wait_until

PATIENCE = 30.0  # seconds


def waiting_for_locks() -> int:
    """How many sessions of this database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else one transaction sees the same list for ever
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def beside[T](act: Callable[[], T]) -> T:
    """What `act` answers in a session of its own, while this one holds what it holds."""

    def alone() -> T:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(alone).result(PATIENCE)


def one_behind_the_other(first: Callable[[], object], second: Callable[[], object]) -> None:
    """Both to their end: `first` in a transaction that ends when `second`, in another session, waits for it."""
    is_done, may_end = threading.Event(), threading.Event()

    def holding() -> None:
        try:
            with transaction.atomic():
                first()
                is_done.set()
                assert may_end.wait(PATIENCE)
        finally:
            connection.close()

    def following() -> None:
        try:
            second()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(holding)
        assert is_done.wait(PATIENCE)
        followed = pool.submit(following)
        wait_until(waiting_for_locks, "the second waits for the first")
        may_end.set()
        held.result(PATIENCE), followed.result(PATIENCE)
