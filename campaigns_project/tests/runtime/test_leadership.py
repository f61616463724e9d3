from collections.abc import Iterator

import pytest
from django.db import Error, connection

from campaigns_project.runtime.leadership import TICK_LOCK, Leadership
from campaigns_project.tests.processes import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def rivals() -> Iterator[tuple[Leadership, Leadership]]:
    both = Leadership(), Leadership()
    yield both
    for each in both:
        each.give_up()


def cut_off_the_leader() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [TICK_LOCK],
        )


def test_only_one_leads(rivals: tuple[Leadership, Leadership]):
    first, second = rivals

    assert [first.held(), second.held(), first.held()] == [True, False, True]


def test_another_leads_once_the_leader_gives_up(rivals: tuple[Leadership, Leadership]):
    first, second = rivals
    first.held()

    first.give_up()

    # Postgres frees the lock when it has ended the session, which is a moment after ours has closed it.
    wait_until(second.held, "another leads")
    assert first.held() is False


def test_a_leader_that_was_cut_off_learns_it_and_another_leads(rivals: tuple[Leadership, Leadership]):
    first, second = rivals
    first.held()

    cut_off_the_leader()

    assert second.held() is True
    with pytest.raises(Error):
        first.held()
    first.give_up()
    assert first.held() is False
