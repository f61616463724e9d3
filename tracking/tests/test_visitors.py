import pytest
from django.test import RequestFactory

from tracking.visitors import visitor


def request(**meta):
    return RequestFactory().get("/", **meta)


def test_a_visitor_is_the_peer_and_what_it_says_of_itself():
    found = visitor(request(REMOTE_ADDR="203.0.113.9", HTTP_USER_AGENT="Thunderbird"))

    assert (found.ip_address, found.user_agent) == ("203.0.113.9", "Thunderbird")


def test_a_user_agent_is_cut_at_500_characters():
    assert visitor(request(HTTP_USER_AGENT="x" * 9000)).user_agent == "x" * 500


@pytest.mark.parametrize(("given", "kept"), [("a\x00b", "a�b"), ("caf\udce9", "caf?"), ("čapek", "čapek")])
def test_a_user_agent_can_always_be_stored(given, kept):
    assert visitor(request(HTTP_USER_AGENT=given)).user_agent == kept
