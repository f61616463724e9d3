import pytest
from django.db import DEFAULT_DB_ALIAS, connections

from campaigns_project.database.identity import configured


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> dict:
    given = {"HOST": "db.example.com", "PORT": 5433, "NAME": "sales", "USER": "ana", "PASSWORD": "hunter2"}
    monkeypatch.setattr(connections[DEFAULT_DB_ALIAS], "settings_dict", given)
    return given


def test_identity_names_the_place_and_never_the_password(database: dict):
    assert str(configured()) == "host=db.example.com port=5433 database=sales user=ana"


def test_a_host_given_as_an_option_counts(database: dict):
    database.update(HOST="", OPTIONS={"host": "/run/postgresql"})

    assert configured().host == "/run/postgresql"


def test_the_instance_is_the_same_for_one_database_and_differs_for_another(database: dict):
    first, again = configured().instance, configured().instance
    database["NAME"] = "marketing"

    assert first == again
    assert configured().instance != first
    assert "sales" not in first
