"""Where a request came from: the peer, or whom a proxy of ours speaks for; the same for all that keep it."""

import pytest
from axes.models import AccessAttempt
from django.test import Client, RequestFactory

from campaigns.tests.factories import UserFactory
from campaigns_project.audit.models import AuditLog
from campaigns_project.client_address import client_address
from campaigns_project.tests.rest.clients import key_client

THROUGH_THE_PROXY = {"REMOTE_ADDR": "10.0.0.2", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 8.8.8.8"}


def request(**meta):
    return RequestFactory().get("/", **meta)


def test_a_forwarded_address_is_not_believed_without_a_proxy_of_ours(settings):
    settings.BEHIND_PROXY = False

    assert client_address(request(REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="198.51.100.1")) == "203.0.113.9"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        (1, "8.8.8.8", "8.8.8.8"),
        (1, "6.6.6.6, 8.8.8.8", "8.8.8.8"),
        (1, "6.6.6.6, 172.18.0.1", "172.18.0.1"),  # forged, by somebody of our own network
        (2, "6.6.6.6, 8.8.8.8, 10.0.0.2", "8.8.8.8"),
        (3, "8.8.8.8, 10.0.0.2", "8.8.8.8"),
        (1, "2001:4860:4860::8888", "2001:4860:4860::8888"),
        (1, "6.6.6.6, 8.8.8.8:4711", "8.8.8.8"),
        (1, "6.6.6.6, [2001:4860:4860::8888]:4711", "2001:4860:4860::8888"),
        (1, "6.6.6.6, nonsense", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, " , ", "127.0.0.1"),
    ],
)
def test_behind_proxies_of_ours_what_the_outermost_added_counts(settings, proxies, forwarded, client):
    settings.BEHIND_PROXY, settings.PROXIES = True, proxies

    assert client_address(request(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)) == client


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", None),
        ("unix:", None),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:DB8::0001", "2001:db8::1"),
        ("1.2.3.4:5555", "1.2.3.4"),
    ],
)
def test_an_address_is_kept_as_postgres_takes_it_or_not_at_all(given, kept):
    assert client_address(request(REMOTE_ADDR=given)) == kept


def test_behind_a_proxy_the_audit_log_has_the_address_of_the_person(db, settings):
    settings.BEHIND_PROXY = True

    key_client().post("/api/v1/tags", {"name": "new"}, **THROUGH_THE_PROXY)

    assert AuditLog.objects.get(action="tag.created").ip_address == "8.8.8.8"


def test_behind_a_proxy_one_who_guesses_passwords_locks_out_nobody_else(db, settings):
    settings.BEHIND_PROXY = settings.AXES_ENABLED = True
    person = UserFactory(email="ana@fairlead.example")
    guess, right = ({"username": person.email, "password": word} for word in ("wrong", "correct horse battery"))
    elsewhere = {**THROUGH_THE_PROXY, "HTTP_X_FORWARDED_FOR": "9.9.9.9"}

    for _ in range(settings.AXES_FAILURE_LIMIT):
        last = Client().post("/admin/login/", guess, **THROUGH_THE_PROXY)
    there, here = (Client().post("/admin/login/", right, **way) for way in (THROUGH_THE_PROXY, elsewhere))

    assert AccessAttempt.objects.get().ip_address == "8.8.8.8"
    assert (last.status_code, there.status_code, here.status_code) == (429, 429, 302)
