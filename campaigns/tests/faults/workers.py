"""Worker processes in tests of faults, and holding them where they are wanted."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from campaigns.sending.gate import VALID_FOR
from campaigns.tests.delivery.fault_server import PATIENCE
from campaigns_project.tests.processes import started, wait_until


@contextlib.contextmanager
def worker(server, tmp_path, *arguments):
    """A worker process on a turn of its own, whose mails go to `server`."""
    more = {"MAILBOX_PORT": str(server.port), "VAR_DIR": str(tmp_path), "STREAMS": "1"}
    log = tmp_path / "worker.log"
    with started("-m", "campaigns.tests.faults.one_turn", *arguments, log=log, **more) as process:
        yield process


@contextlib.contextmanager
def held_back_while_making():
    """No mail can be made for the length of the block, since no link can be read or stored."""
    let_go, held = threading.Event(), threading.Event()

    def hold():
        with contextlib.closing(connection), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE campaign_links IN ACCESS EXCLUSIVE MODE")
            held.set()
            let_go.wait(PATIENCE)

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        assert held.wait(PATIENCE)
        try:
            yield
        finally:
            let_go.set()
            holder.result(PATIENCE)


def is_held_back():
    """Whether some worker waits for the links: it is in the middle of making its mails."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE '%campaign_links%')"
        )
        return cursor.fetchone()[0]


def until_gates_are_old():
    """Leases last for minutes, so whoever wakes after one has gates older than that by far."""
    old_at = time.monotonic() + VALID_FOR
    wait_until(lambda: time.monotonic() > old_at, "no gate is valid any more")
