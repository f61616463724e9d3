import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from campaigns_project.database.identity import configured


def test_healthz_answers_without_a_database(client: Client):
    answer = client.get("/healthz")  # pytest-django would fail this test if it asked the database

    assert answer.json() == {"status": "ok", "instance": configured().instance}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_ready_on_a_complete_database(client: Client):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": []})


@pytest.mark.django_db
def test_readyz_gives_its_reasons(client: Client):
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["1 migrations have not been applied."]
