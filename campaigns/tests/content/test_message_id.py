import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from campaigns.content.message_id import MessageRef, message_id, read_message_id
from campaigns.tokens import MAX_ID

ids = st.integers(min_value=0, max_value=MAX_ID)


@given(ids, ids)
def test_what_a_message_id_was_made_for_is_read_back(recipient_id, step_id):
    made = message_id(recipient_id=recipient_id, step_id=step_id, domain="mail.example.org")

    assert read_message_id(made) == MessageRef(recipient_id, step_id)


def test_the_same_mail_always_has_the_same_id_and_another_mail_another():
    made = [message_id(recipient_id=r, step_id=s, domain=d) for r in (1, 2) for s in (1, 2) for d in ("a.org", "b.org")]

    assert made == [
        message_id(recipient_id=r, step_id=s, domain=d) for r in (1, 2) for s in (1, 2) for d in ("a.org", "b.org")
    ]
    assert len(set(made)) == 8


def test_it_is_read_without_its_brackets_in_any_case_and_with_blanks_around():
    made = message_id(recipient_id=7, step_id=3, domain="Example.org")

    assert made.endswith("@example.org>")
    assert [read_message_id(text) for text in (made[1:-1], made.upper(), f" {made}\r\n")] == [MessageRef(7, 3)] * 3


def test_no_changed_character_is_accepted():
    made = message_id(recipient_id=300, step_id=40, domain="example.org")

    accepted = [
        made[:place] + letter + made[place + 1 :]
        for place in range(1, len(made) - 1)
        for letter in "a0z7.@-<"
        if letter != made[place] and read_message_id(made[:place] + letter + made[place + 1 :])
    ]

    assert accepted == []


@pytest.mark.parametrize(
    "text", ["", "<>", "<a@b>", "<1.2.abc@example.org>", "<" + "1" * 500 + ">", "1.2." + "a" * 26 + "@x"]
)
def test_what_was_not_made_here_is_nothing(text):
    assert read_message_id(text) is None


def test_an_id_from_before_a_key_change_is_still_read():
    with override_settings(SECRET_KEY="old " * 20):
        made = message_id(recipient_id=1, step_id=2, domain="example.org")

    with override_settings(SECRET_KEY="new " * 20, SECRET_KEY_FALLBACKS=["old " * 20]):
        kept = read_message_id(made)
    with override_settings(SECRET_KEY="new " * 20, SECRET_KEY_FALLBACKS=[]):
        lost = read_message_id(made)

    assert (kept, lost) == (MessageRef(1, 2), None)


@pytest.mark.parametrize(("recipient_id", "step_id"), [(-1, 1), (1, -1), (MAX_ID + 1, 1), (1, MAX_ID + 1)])
def test_an_id_that_no_row_can_have_makes_no_message_id(recipient_id, step_id):
    with pytest.raises(ValueError, match="ids run from"):
        message_id(recipient_id=recipient_id, step_id=step_id, domain="example.org")
