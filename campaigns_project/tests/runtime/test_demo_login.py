"""The login page fills the demo's login in for whoever sits at the machine, and is empty everywhere else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.tests.factories import UserFactory
from campaigns_project.accounts.models import User
from campaigns_project.runtime.demo.login import EMAIL, keep_login, login_file

pytestmark = pytest.mark.django_db

PASSWORD = "1234-5678-9abc"


@pytest.fixture(autouse=True)
def _demo(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR, settings.SANDBOX, settings.DATABASE_URL = tmp_path, True, ""
    settings.WEB_HOST, settings.PUBLIC_URL, settings.BEHIND_PROXY = "127.0.0.1", "http://localhost:8000", False
    User.objects.create_superuser(EMAIL, PASSWORD)
    keep_login(PASSWORD)


def is_filled_in(**more: Any) -> bool:
    page = Client().get(reverse("admin:login"), **more).content.decode()
    assert (PASSWORD in page) == (f'value="{EMAIL}"' in page) == ("its login is filled in" in page)
    return PASSWORD in page


def test_the_demos_login_is_filled_in_and_logs_in() -> None:
    assert is_filled_in()
    assert login_file().stat().st_mode & 0o077 == 0
    answer = Client().post(reverse("admin:login"), {"username": EMAIL, "password": PASSWORD})
    assert answer["Location"] == reverse("admin:index")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SANDBOX", False),
        ("DATABASE_URL", "postgresql://db.example/fairlead"),
        ("WEB_HOST", "0.0.0.0"),
        ("PUBLIC_URL", "https://mail.example.com"),
        ("BEHIND_PROXY", True),
    ],
)
def test_it_is_not_where_others_could_come_by(settings: Any, name: str, value: Any) -> None:
    setattr(settings, name, value)

    assert not is_filled_in()


@pytest.mark.parametrize(
    "change",
    [
        UserFactory,
        lambda: keep_login("of-another-database"),
        lambda: login_file().unlink(),
        lambda: User.objects.filter(email=EMAIL).update(is_active=False),
        lambda: User.objects.filter(email=EMAIL).update(email="ana@harbor.example"),
    ],
    ids=["somebody else works here", "another password", "no file", "switched off", "a person of one's own"],
)
def test_it_is_not_where_the_demos_owner_is_not_the_only_one(change: Callable[[], Any]) -> None:
    change()

    assert not is_filled_in()


def test_it_is_not_for_another_machine_nor_for_who_typed_something_wrong() -> None:
    assert not is_filled_in(REMOTE_ADDR="192.0.2.7")
    page = Client().post(reverse("admin:login"), {"username": EMAIL, "password": "typed-wrongly"}).content.decode()
    assert "typed-wrongly" not in page and PASSWORD not in page
