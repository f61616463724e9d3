"""JSON on a page: with letters as they are written."""

import html
import json

import pytest
from django.urls import reverse
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st

from campaigns.tests.factories import MembershipFactory, MessageFactory
from campaigns_project.accounts.admin.readable import readable_json
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("León", '"León"'),
        ("Ada 😀", '"Ada 😀"'),
        ("\\u00f3", r'"\\u00f3"'),  # no letter, but a text about one
        ("\\é", r'"\\é"'),
        ("a\nb\x00", r'"a\nb\u0000"'),
        ("\u202eada", r'"\u202eada"'),
        ("\ud800é", r'"\ud800é"'),
        (None, "—"),
    ],
)
def test_letters_are_shown_and_what_shows_nothing_is_named(value: str | None, shown: str) -> None:
    assert readable_json(mark_safe(json.dumps(value))) == shown


@given(st.text())
def test_what_is_shown_still_is_the_value(value: str) -> None:
    shown = readable_json(mark_safe(html.escape(json.dumps(value), quote=False)))

    assert json.loads(html.unescape(shown)) == value


@pytest.mark.django_db
def test_a_page_shows_the_letters_of_a_value() -> None:
    message = MessageFactory(merge_values={"city": "León <b>"})
    campaign = message.recipient.campaign
    owner = client_of(MembershipFactory(organization=campaign.organization, role=Role.OWNER).user)

    page = owner.get(reverse("admin:campaigns_message_change", args=[message.pk]))

    assert "León &lt;b&gt;" in page.content.decode()
