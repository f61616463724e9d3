"""Values of the environment: what cannot be understood is refused, by its name and without its secrets."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.utils import ConnectionHandler

from campaigns_project.settings.environment import Environment


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "none")


@pytest.mark.parametrize(
    ("said", "on"),
    [
        ("on", True),
        ("ON", True),
        (" true ", True),
        ("1", True),
        ("off", False),
        ("No", False),
        ("0", False),
        ("", True),
    ],
)
def test_a_switch_is_on_or_off_and_empty_is_as_not_there(env, monkeypatch, said, on):
    monkeypatch.setenv("SANDBOX", said)

    assert env.switch("SANDBOX", default=True) is on


@pytest.mark.parametrize("said", ["onn", "enabled", "maybe", '"on"', "on # keep it on", "on;", "2", "-"])
def test_a_switch_that_is_spelled_wrongly_is_never_the_other_position(env, monkeypatch, said):
    monkeypatch.setenv("SANDBOX", said)

    with pytest.raises(ImproperlyConfigured, match=r"SANDBOX is .* Write on or off"):
        env.switch("SANDBOX", default=True)


@pytest.mark.parametrize("said", ["abc", "-3", "0", "257", "1.5", "²", "1e3", "9" * 5_000])
def test_a_number_outside_its_bounds_is_refused(env, monkeypatch, said):
    monkeypatch.setenv("WORKERS", said)

    with pytest.raises(ImproperlyConfigured, match=r"WORKERS is .* from 1 to 256"):
        env.number("WORKERS", default=2, least=1, most=256)


@pytest.mark.parametrize(
    "said",
    ["mail.example.com", "//mail.example.com", "ftp://x.example", "https://", "http://x.example:99999", "http://a b",
     "https://x.example/?a=1", "https://x.example/#a", "https://[::1"],
)  # fmt: skip
def test_what_is_no_whole_web_address_is_refused(env, monkeypatch, said):
    monkeypatch.setenv("PUBLIC_URL", said)

    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL is not the whole address"):
        env.web_address("PUBLIC_URL", default="http://localhost")


def test_a_web_address_is_taken_without_its_last_slash(env, monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "https://mail.example.com/")

    assert env.web_address("PUBLIC_URL", default="http://localhost") == "https://mail.example.com"


@pytest.mark.parametrize(
    "url",
    ["foo", "mysql://u:s3cret@h/x", "postgresql://u:s3cr/et@h:5432/x", "postgresql://u:s3cret@h:99999/x",
     "postgresql://u:s3cret@h", "oracle://u:s3cret@h/x"],
)  # fmt: skip
def test_a_database_url_that_cannot_be_used_is_refused_and_no_part_of_it_shown(env, monkeypatch, recwarn, url):
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(ImproperlyConfigured) as refused:
        env.database("DATABASE_URL", default=str)

    assert "DATABASE_URL is not the URL of a Postgres database" in str(refused.value)
    assert not any("s3cr" in str(each) for each in [refused.value, *(warning.message for warning in recwarn)])


def test_the_url_of_a_database_is_read(env, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://ana:p%2Fw@db.example:5433/sales")

    found = env.database("DATABASE_URL", default=str)

    assert (found["HOST"], found["PORT"], found["NAME"], found["PASSWORD"]) == ("db.example", 5433, "sales", "p/w")


def test_an_option_of_a_database_that_postgres_does_not_know_is_named(env, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://ana:s3cret@db.example/sales?sslmode=require&sslrootcrt=ca.pem")

    with pytest.raises(ImproperlyConfigured, match=r"DATABASE_URL .* does not know: sslrootcrt\."):
        env.database("DATABASE_URL", default=str)


def test_an_option_that_django_takes_itself_may_stand_in_the_url(env, monkeypatch):
    said = "prepare_threshold=5&assume_role=writer&server_side_binding=true&sslmode=require"
    monkeypatch.setenv("DATABASE_URL", f"postgresql://ana@db.example/sales?{said}")

    options = env.database("DATABASE_URL", default=str)["OPTIONS"]

    django = DatabaseWrapper(ConnectionHandler({"default": {"OPTIONS": options, "NAME": "x"}}).settings["default"])
    assert django.get_connection_params()["prepare_threshold"] == 5
    assert set(options) == {option.partition("=")[0] for option in said.split("&")}


def test_a_folder_that_cannot_be_one_is_refused(env, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "file" / "var"))

    with pytest.raises(ImproperlyConfigured, match="is not a folder"):
        env.folder("VAR_DIR", default=tmp_path)


def test_one_of_a_few_words_is_taken_in_any_case_and_no_other(env, monkeypatch):
    monkeypatch.setenv("LOG_LEVEL", "info")
    assert env.one_of("LOG_LEVEL", ("DEBUG", "INFO"), default="DEBUG") == "INFO"

    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(ImproperlyConfigured, match=r"LOG_LEVEL is “LOUD”\. Write one of: DEBUG, INFO\."):
        env.one_of("LOG_LEVEL", ("DEBUG", "INFO"), default="DEBUG")
