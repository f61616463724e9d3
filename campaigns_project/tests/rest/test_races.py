"""Two requests at once that the same check lets pass."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from django.db import connection, transaction

from campaigns_project.tests.rest.clients import KeyClient, key_client
from leads.models import Tag


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_makers_of_the_same_is_told_so_and_not_that_we_are_at_fault():
    client = key_client()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            Tag.objects.create(organization=client.organization, name="vip")
            answer = other.submit(post_and_hang_up, client)
            wait_until_somebody_waits_for_us()
        answered = answer.result(timeout=20)

    assert (answered.status_code, answered.json()["code"]) == (409, "already_exists")
    assert Tag.objects.count() == 1


def post_and_hang_up(client: KeyClient):
    try:
        return client.post("/api/v1/tags", {"name": "VIP"})
    finally:
        connection.close()


def wait_until_somebody_waits_for_us() -> None:
    """Until another session's insert is blocked by ours."""
    deadline = monotonic() + 20
    while monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone()[0]:
                return
        sleep(0.01)
    pytest.fail("The second insert never came to wait for the first.")
