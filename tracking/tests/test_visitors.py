import pytest
from django.test import RequestFactory

from tracking.visitors import visitor


def request(**meta):
    return RequestFactory().get("/", **meta)


def test_a_visitor_is_the_peer_and_what_it_says_of_itself():
    found = visitor(request(REMOTE_ADDR="203.0.113.9", HTTP_USER_AGENT="Thunderbird"))

    assert (found.ip_address, found.user_agent) == ("203.0.113.9", "Thunderbird")


def test_a_forwarded_address_is_not_believed_without_a_proxy_of_ours(settings):
    settings.BEHIND_PROXY = False

    found = visitor(request(REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="198.51.100.1"))

    assert found.ip_address == "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("6.6.6.6, 8.8.8.8", "8.8.8.8"),
        ("6.6.6.6, 8.8.8.8, 10.0.0.2", "8.8.8.8"),
        ("2001:4860:4860::8888, fd00::1", "2001:4860:4860::8888"),
        ("192.168.1.4", "192.168.1.4"),
        ("nonsense", None),
        ("", "127.0.0.1"),
        (" , ", "127.0.0.1"),
    ],
)
def test_behind_a_proxy_the_last_hop_outside_our_network_counts(settings, forwarded, client):
    settings.BEHIND_PROXY = True

    assert visitor(request(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)).ip_address == client


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", None),
        ("unix:", None),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:DB8::0001", "2001:db8::1"),
        ("1.2.3.4:5555", None),
    ],
)
def test_an_address_is_kept_as_postgres_takes_it_or_not_at_all(given, kept):
    assert visitor(request(REMOTE_ADDR=given)).ip_address == kept


def test_a_user_agent_is_cut_at_500_characters():
    assert visitor(request(HTTP_USER_AGENT="x" * 9000)).user_agent == "x" * 500


@pytest.mark.parametrize(("given", "kept"), [("a\x00b", "a�b"), ("caf\udce9", "caf?"), ("čapek", "čapek")])
def test_a_user_agent_can_always_be_stored(given, kept):
    assert visitor(request(HTTP_USER_AGENT=given)).user_agent == kept
