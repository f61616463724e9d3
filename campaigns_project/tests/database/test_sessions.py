"""Locks of a session behind a proxy that pools transactions: refused, since they would be nobody's."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder

from campaigns_project.database import sessions
from campaigns_project.database.migrating import migrate
from campaigns_project.database.streaming import streamed
from campaigns_project.faults import DatabaseFault
from campaigns_project.tests.database.pooling import Pooler, pooled
from campaigns_project.tests.verification.databases import Lender, one

KEY = 0x7E57


@pytest.fixture
def pooler(lender: Lender, request: pytest.FixtureRequest) -> Iterator[Pooler]:
    """With an alias `pooled` for connections through it."""
    number, go_round = getattr(request, "param", (2, True))
    with lender.lent() as name, pooled(name, sessions=number, go_round=go_round) as pooler:
        there = {"NAME": name, "HOST": "127.0.0.1", "PORT": str(pooler.port)}
        connections.settings["pooled"] = {**connections.settings[name], **there}
        try:
            yield pooler
        finally:
            connections["pooled"].close()
            del connections["pooled"], connections.settings["pooled"]
            sessions._proxy_keeps_sessions.cache_clear()


@pytest.mark.django_db
def test_a_session_of_ones_own_is_kept_and_its_lock_taken_once():
    other = connections.create_connection("default")

    assert sessions.keeps_sessions()
    assert [sessions.take(connection, KEY), sessions.take(other, KEY)] == [True, False]
    sessions.let_go(connection, KEY)
    assert sessions.take(other, KEY)
    other.close()


@pytest.mark.parametrize("pooler", [(2, True), (2, False), (1, False)], indirect=True)
def test_behind_a_pool_of_transactions_no_lock_of_a_session_is_taken(pooler):
    with pytest.raises(DatabaseFault) as refused:
        sessions.take(connections["pooled"], KEY, 1)

    assert refused.value.code == "sessions_pooled"
    assert "pool_mode = session" in str(refused.value)
    assert one("pooled", f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = {KEY}") == 0


def test_migrations_are_applied_through_such_a_pool_by_one_at_a_time(pooler):
    assert migrate(using="pooled", verbosity=0) == []
    assert b"pg_try_advisory_xact_lock" in pooler.said


def test_rows_that_are_streamed_come_whole_through_such_a_pool(pooler):
    applied = MigrationRecorder.Migration.objects.using("pooled").order_by("pk")

    assert len(list(streamed(applied, size=5))) == applied.count() > 50


@pytest.mark.django_db
def test_whoever_reads_a_stream_slowly_is_not_cut_off():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '5min'")

        for _ in streamed(MigrationRecorder.Migration.objects.all()):
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("0",)


def test_the_other_end_of_a_line_is_asked_to_look_after_it(pooler):
    assert one("pooled", "SELECT 1") == 1
    assert b"set_config('tcp_keepalives_idle', '20', false)" in pooler.said
