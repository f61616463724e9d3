"""Placeholders that nobody fills in."""

import time

import pytest

from campaigns.content.leftovers import foreign_placeholder


@pytest.mark.parametrize(
    "text",
    ["{first_name}", "{ First Name }", "{Hi|Hello}", "{Hi|Hello {there|you}}", "%FIRSTNAME%", "*|FNAME|*",
     "[First name]", "[your name]", "[company]"],
)  # fmt: skip
def test_placeholders_of_other_tools_are_found_in_text_and_body(text):
    assert foreign_placeholder(f"Dear {text}, hello") != ""
    assert foreign_placeholder(html=f"<p>Dear {text}</p>") != ""


@pytest.mark.parametrize(
    "text",
    ["{{ first_name }}", "{% if company %}{{ company }}{% endif %}", "50 % off, 10% now", "{}", "a | b", "[1]",
     "{{ city | default: 'there' }}"],
)  # fmt: skip
def test_liquid_and_ordinary_words_are_none(text):
    assert foreign_placeholder(text) == ""
    assert foreign_placeholder(html=f"<style>p {{color: red}}</style><p>{text}</p>") == ""


def test_a_body_that_cannot_be_read_has_none():
    assert foreign_placeholder(html="<p>\ud800 {first_name}</p>") == ""


@pytest.mark.parametrize("piece", ["{", "{|", "{a", "%A", "*|A", "[your ", "{{", "{%"])
def test_hostile_texts_take_no_time(piece):
    began = time.process_time()

    foreign_placeholder(piece * 45_000)

    assert time.process_time() - began < 0.5
