"""The header Idempotency-Key: what it takes, and what makes two requests the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns_project.idempotency.asked import LONGEST_KEY, Asked, key_of_header
from campaigns_project.idempotency.errors import KeyMalformed

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=LONGEST_KEY)


@given(PRINTABLE)
def test_a_key_in_quotation_marks_is_the_key_they_stand_around(key):
    quoted = key.replace("\\", r"\\").replace('"', r"\"")

    assert key_of_header(f' "{quoted}" ') == key


@given(PRINTABLE.map(str.strip).filter(lambda text: text and not text.startswith('"')))
def test_a_bare_key_is_taken_as_it_is(key):
    assert key_of_header(f" {key}\t") == key


@pytest.mark.parametrize(
    "header", ["", " ", '""', '"', '"a', '"a"b', r'"\a"', "é", "a\tb", "a" * 256, f'"{"a" * 256}"']
)
def test_what_is_no_key_is_refused(header):
    with pytest.raises(KeyMalformed):
        key_of_header(header)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def asked(content, **more):
    return Asked(
        **{
            "organization_id": 1, "user_id": 1, "key": "k", "method": "POST", "path": "/api/v1/leads",
            "content": content, "request_id": "r", **more,
        }
    )  # fmt: skip


@given(JSON, JSON)
def test_two_requests_have_one_fingerprint_if_they_are_the_same(one, other):
    import json

    is_same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (asked(one).fingerprints == asked(other).fingerprints) is is_same


def test_the_order_of_fields_makes_no_other_request():
    assert asked({"a": 1, "b": 2}).fingerprints == asked({"b": 2, "a": 1}).fingerprints


def test_a_request_is_the_same_while_the_key_of_the_installation_is_changed(settings):
    before = asked({"a": 1})
    kept, digest = before.fingerprints[0], before.digest

    settings.FIELD_ENCRYPTION_KEYS = ["another", *settings.FIELD_ENCRYPTION_KEYS]

    assert kept in before.fingerprints
    assert before.fingerprints[0] != kept
    assert before.digest == digest
