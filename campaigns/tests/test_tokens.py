import base64
import random
import string

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from campaigns.tokens import MAX_ID, VERSION, Purpose, Token, read, sign, tag

URL_SAFE = string.ascii_letters + string.digits + "-_"
ids = st.integers(min_value=0, max_value=MAX_ID)


@given(purpose=st.sampled_from(Purpose), message_id=ids, second_id=ids)
def test_what_was_signed_is_read_back(purpose, message_id, second_id):
    assert read(purpose, sign(purpose, message_id, second_id)) == Token(message_id, second_id)


def test_a_token_is_short_and_needs_no_quoting_in_a_url():
    token = sign(Purpose.CLICK, 1_234_567, 42)

    assert len(token) == 28
    assert set(token) <= set(URL_SAFE)


def test_no_other_character_in_any_place_is_accepted():
    token = sign(Purpose.OPEN, 1_234_567, 42)

    accepted = [
        (place, letter)
        for place in range(len(token))
        for letter in (*URL_SAFE, "=", "+", "/", ".", "\n", "é")
        if letter != token[place] and read(Purpose.OPEN, token[:place] + letter + token[place + 1 :])
    ]

    assert accepted == []


def test_no_flipped_bit_is_accepted():
    token = sign(Purpose.OPEN, 300, 7)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))

    flipped = [
        raw[:byte] + bytes([raw[byte] ^ (1 << bit)]) + raw[byte + 1 :] for byte in range(len(raw)) for bit in range(8)
    ]

    assert [read(Purpose.OPEN, base64.urlsafe_b64encode(data).rstrip(b"=").decode()) for data in flipped] == [
        None
    ] * len(flipped)


def test_only_the_spelling_that_sign_makes_is_accepted():
    token = sign(Purpose.OPEN, 300, 7)

    spellings = [token + "=", token + "==", token + "\n", " " + token, token[:-1], token + "A", token.swapcase(), ""]

    assert [read(Purpose.OPEN, spelling) for spelling in spellings] == [None] * len(spellings)


def test_a_number_in_a_longer_spelling_is_refused_even_with_a_right_tag():
    payload = bytes([VERSION, 0x85, 0x00, 0x00])  # 5, written in two bytes where one is enough

    forged = base64.urlsafe_b64encode(payload + tag(Purpose.OPEN, payload)).rstrip(b"=").decode()

    assert read(Purpose.OPEN, forged) is None


def test_a_token_opens_nothing_but_its_own_purpose():
    opened = {(made, asked) for made in Purpose for asked in Purpose if read(asked, sign(made, 9, 9))}

    assert opened == {(purpose, purpose) for purpose in Purpose}


def test_ten_thousand_random_tokens_are_all_refused():
    chance = random.Random(20_240_501)
    tokens = ["".join(chance.choices(URL_SAFE, k=chance.randint(0, 70))) for _ in range(10_000)]

    assert [token for token in tokens if read(Purpose.UNSUBSCRIBE, token)] == []


def test_a_huge_text_is_refused_without_being_decoded():
    assert read(Purpose.OPEN, "A" * 10_000_000) is None


def test_a_token_survives_a_key_change_while_the_old_key_is_a_fallback():
    with override_settings(SECRET_KEY="the old key " * 5):
        token = sign(Purpose.UNSUBSCRIBE, 77, 0)

    with override_settings(SECRET_KEY="the new key " * 5, SECRET_KEY_FALLBACKS=["the old key " * 5]):
        kept = read(Purpose.UNSUBSCRIBE, token)
        renewed = sign(Purpose.UNSUBSCRIBE, 77, 0)
    with override_settings(SECRET_KEY="the new key " * 5, SECRET_KEY_FALLBACKS=[]):
        dropped = read(Purpose.UNSUBSCRIBE, token)

    assert (kept, dropped) == (Token(77), None)
    assert renewed != token


@pytest.mark.parametrize("number", [-1, MAX_ID + 1])
def test_an_id_that_no_row_can_have_is_not_signed(number):
    with pytest.raises(ValueError, match="ids from 0"):
        sign(Purpose.OPEN, number)
