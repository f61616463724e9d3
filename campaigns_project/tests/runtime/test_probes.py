import time

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from campaigns.tests.factories import UserFactory
from campaigns_project.database.identity import configured
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.rest.clients import key_client


def test_healthz_answers_without_a_database(client: Client):
    answer = client.get("/healthz")  # pytest-django would fail this test if it asked the database

    assert answer.json() == {"status": "ok", "instance": configured().instance}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_ready_on_a_complete_database(client: Client):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": []})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_asks_little(client: Client):
    client.get("/readyz")

    with CaptureQueriesContext(connection) as asked:
        client.get("/readyz")

    assert len(asked) <= 4


@pytest.mark.django_db
def test_readyz_gives_its_reasons_as_a_problem(client: Client):
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")

    answer = client.get("/readyz")

    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["code"] == "not_ready"
    assert answer.json()["reasons"] == ["The database lacks tables that this version needs."]
    assert "workers" not in answer.content.decode()


@pytest.mark.django_db
def test_readyz_is_not_ready_where_nothing_can_be_written(client: Client):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL default_transaction_read_only = on")

    answer = client.get("/readyz")

    assert answer.json()["reasons"] == ["The database cannot be reached, or takes no writes."]


@pytest.mark.django_db
def test_details_are_for_system_administrators_who_are_logged_in_as_the_hint_says():
    root, other = UserFactory(is_superuser=True), UserFactory()
    by_key = Client(headers={"Authorization": f"Bearer {AuthToken.objects.create(user=root)[1]}"})
    askers = [client_of(root), client_of(other), by_key, key_client()]

    shown = ["checks" in each.get("/readyz").json() for each in askers]
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")
    hints = {each.get("/readyz").json()["hint"] for each in askers}

    assert shown == [True, False, False, False]
    assert hints == {"manage.py doctor says more; so does this address to a system administrator who is logged in."}


@pytest.mark.django_db
def test_a_key_that_is_none_changes_nothing(client: Client):
    assert client.get("/readyz", headers={"Authorization": "Bearer nonsense"}).json() == {
        "status": "ready",
        "reasons": [],
    }


@pytest.mark.django_db(transaction=True)
def test_without_a_database_readyz_says_so_at_once(client: Client, monkeypatch: pytest.MonkeyPatch):
    connection.close()
    for name, value in {"HOST": "127.0.0.1", "PORT": "9", "PASSWORD": "hunter2"}.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    begun = time.monotonic()

    answer = client_of_nobody_known().get("/readyz")

    assert time.monotonic() - begun < 5
    assert (answer.status_code, answer.json()["reasons"]) == (
        503, ["The database cannot be reached, or takes no writes."]
    )  # fmt: skip
    assert not [word for word in ("hunter2", "127.0.0.1", "port") if word in answer.content.decode()]


def client_of_nobody_known() -> Client:
    """A browser with a session cookie, which without a database cannot be looked up."""
    client = Client()
    client.cookies["fairlead_session"] = "x" * 32
    return client
