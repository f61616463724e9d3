"""The address a bounce comes back to names the mail it is about, and nobody can make one up."""

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from campaigns import tokens
from campaigns.content.mailbox import MAX_LOCAL, wire_address
from campaigns.content.return_path import read_return_path, return_path
from campaigns.tokens import MAX_ID, Purpose

ids = st.integers(0, MAX_ID)
cases = st.sampled_from([str, str.upper, str.lower, str.title, str.swapcase])


def of(message_id, **changes):
    return return_path(message_id, **{"mailbox": "ada@sender.example", "domain": "bounces.example", **changes})


@given(ids, cases)
def test_it_is_an_address_whose_message_is_read_back_in_any_case(message_id, changed):
    address = of(message_id)

    assert wire_address(address) == address and len(address.partition("@")[0]) <= 45
    assert read_return_path(changed(address)) == message_id
    assert read_return_path(f"<{changed(address)}>") == message_id


@given(ids, st.text("abcdefghijklmnopqrstuvwxyz.-", min_size=1, max_size=40), cases)
def test_behind_a_plus_it_is_read_back_or_left_out_for_want_of_room(message_id, local, changed):
    mailbox = f"{local}@sender.example"

    address = of(message_id, mailbox=mailbox, domain="", takes_plus=True)

    assert len(address.partition("@")[0]) <= MAX_LOCAL
    assert read_return_path(changed(address)) == (None if address == mailbox else message_id)
    assert address == mailbox or address.startswith(f"{local}+b-")


def test_without_a_place_for_it_the_mailbox_stays_as_it_is():
    assert of(7, domain="") == "ada@sender.example"
    assert of(7, domain="", takes_plus=True, mailbox=f"{'a' * 40}@x.example") == f"{'a' * 40}@x.example"


@given(ids, st.integers(0, 60), st.characters(codec="ascii", exclude_categories=("Cc",)))
def test_one_changed_character_is_somebody_elses_address(message_id, place, character):
    address = of(message_id)
    local = address.partition("@")[0]
    place %= len(local)
    flipped = f"{local[:place]}{character}{local[place + 1 :]}@bounces.example"

    assert (read_return_path(flipped) is None) or flipped.lower() == address


@given(st.text(max_size=80) | ids.map(lambda number: f"b-{number:x}-{'a' * 26}@bounces.example"))
def test_nothing_that_was_made_up_is_read(address):
    assert read_return_path(address) is None


def test_another_spelling_of_the_number_is_refused():
    assert read_return_path(of(10).replace("b-a-", "b-0a-")) is None


def test_no_other_token_opens_it_and_it_opens_no_other():
    tag = of(7).partition("@")[0].rpartition("-")[2]

    assert all(tokens.read(purpose, tag) is None for purpose in Purpose)
    assert tokens.tag(Purpose.BOUNCE, b"7") != tokens.tag(Purpose.RETURN_PATH, b"7")


def test_it_outlives_a_change_of_the_key():
    with override_settings(SECRET_KEY="before"):
        address = of(7)

    with override_settings(SECRET_KEY="after", SECRET_KEY_FALLBACKS=["before"]):
        assert read_return_path(address) == 7
    with override_settings(SECRET_KEY="after", SECRET_KEY_FALLBACKS=[]):
        assert read_return_path(address) is None


@pytest.mark.parametrize("message_id", [-1, MAX_ID + 1])
def test_an_id_that_no_row_can_have_is_an_error(message_id):
    with pytest.raises(ValueError, match="ids run"):
        of(message_id)
