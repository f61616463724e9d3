"""Guessing a password ends soon, however the account is written and whichever address of a line it comes from."""

import pytest
from axes.models import AccessAttempt
from django.test import Client

from campaigns.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
RIGHT = "correct horse battery"


@pytest.fixture(autouse=True)
def lock_out(settings):
    settings.AXES_ENABLED = True


def log_in(name, password, address="203.0.113.9"):
    return answer_to(name, password, address).status_code


def answer_to(name, password, address="203.0.113.9"):
    return Client().post("/admin/login/", {"username": name, "password": password}, REMOTE_ADDR=address)


def test_an_account_is_locked_in_any_spelling_of_its_address(settings):
    UserFactory(email="silas@fairlead.example")
    spellings = ["silas@fairlead.example", "Silas@fairlead.example", " SILAS@FAIRLEAD.EXAMPLE"]
    spellings += ["s\N{LATIN SMALL LETTER DOTLESS I}las@fairlead.example"]

    for number in range(settings.AXES_FAILURE_LIMIT):
        log_in(spellings[number % len(spellings)], "wrong")

    assert {log_in(name, RIGHT) for name in spellings} == {429}
    assert AccessAttempt.objects.get().username == "silas@fairlead.example"
    assert "Wait 15 minutes" in answer_to(spellings[0], RIGHT).content.decode()


def test_a_login_is_taken_in_any_case_while_nobody_guesses():
    UserFactory(email="silas@fairlead.example")

    assert log_in("SILAS@fairlead.example", RIGHT) == 302


def test_all_addresses_of_one_network_of_ipv6_are_one_guesser(settings):
    UserFactory(email="silas@fairlead.example")

    for number in range(settings.AXES_FAILURE_LIMIT):
        log_in("silas@fairlead.example", "wrong", f"2001:db8:1:2::{number:x}")

    assert log_in("silas@fairlead.example", RIGHT, "2001:db8:1:2:ffff::1") == 429
    assert log_in("silas@fairlead.example", RIGHT, "2001:db8:1:3::1") == 302
