"""What is read as an address or a domain to be suppressed, however it is written."""

import time

import pytest

from campaigns_project.errors import Refused
from leads.suppression import normalize_target
from leads.suppression.targets import targets_in


@pytest.mark.parametrize("text", ["*@acme.example", "%@acme.example", "@acme.example", "<*@Acme.example>"])
def test_everybody_at_a_domain_is_the_domain(text):
    assert normalize_target(text) == "acme.example"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Jane <J@acme.example>", "j@acme.example"),
        ('"Doe, Jane" <j@acme.example>', "j@acme.example"),
        ("mailto:j@acme.example", "j@acme.example"),
        (" j@acme.example; ", "j@acme.example"),
        ("j@acme.example\u200b", "j@acme.example"),
        ("acme.example # left in May", "acme.example"),
        ("j@acme.example #2", "j@acme.example"),
        ("https://www.acme.example/about?a=1", "acme.example"),
        ("https://acme.example/@jane", "acme.example"),
        ("www.acme.example", "acme.example"),
        ("@www.acme.example", "www.acme.example"),
        ("www.com", "www.com"),
        ("jane%old.example@acme.example", "jane%old.example@acme.example"),
    ],
)
def test_what_people_write_around_it_is_seen_through(text, target):
    assert normalize_target(text) == target


@pytest.mark.parametrize(
    "text",
    ["*.acme.example", ".acme.example", "%.acme.example", "@.acme.example", "*@*.acme.example", "*", "*@*",
     "j*@acme.example", "jane%@acme.example", "%jane@acme.example", "j?ne@acme.example", "jane@*.example",
     "*acme.example", "acme.*", "*@"],
)  # fmt: skip
def test_another_wildcard_would_stop_nobody_and_is_refused(text):
    with pytest.raises(Refused) as refused:
        normalize_target(text)

    assert refused.value.code == "invalid_wildcard"


def test_who_means_the_names_under_a_domain_is_told_what_a_domain_covers():
    with pytest.raises(Refused) as refused:
        normalize_target("*.acme.example")

    assert "a domain covers the addresses under exactly its name" in str(refused.value)
    assert "such as mail.acme.example, by itself" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "code"),
    [("nonsense", "invalid_domain"), ("", "invalid_domain"), ("# a note alone", "invalid_domain"),
     ("a@b@acme.example", "invalid_address"), ("a@acme.example; b@acme.example", "several_emails")],
)  # fmt: skip
def test_what_is_no_single_address_or_domain_is_refused(text, code):
    with pytest.raises(Refused) as refused:
        normalize_target(text)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("a@acme.example; b@acme.example", ["a@acme.example", "b@acme.example"]),
        ("a@acme.example b@acme.example", ["a@acme.example", "b@acme.example"]),
        ("Doe, Jane <a@acme.example>; Roe <b@acme.example>", ["Doe, Jane <a@acme.example>", "Roe <b@acme.example>"]),
        ("a@acme.example, nonsense, b@acme.example", ["a@acme.example", "nonsense", "b@acme.example"]),
        ("acme.example, beta.example", ["acme.example", "beta.example"]),
        ("Doe, Jane <a@acme.example>", ["Doe, Jane <a@acme.example>"]),
        ("# only a note", []),
        (" - ", []),
    ],
)
def test_a_line_names_several_where_they_stand_side_by_side_and_nothing_gets_lost(text, targets):
    assert targets_in(text) == targets


@pytest.mark.parametrize("piece", ["<", "a@", '"', "@", "a;", " #", "*.", "<a@b "])
def test_hostile_lines_are_read_in_no_time(piece):
    begun = time.monotonic()

    for target in targets_in(piece * (20_000 // len(piece))):
        with pytest.raises(Refused):
            normalize_target(target)

    assert time.monotonic() - begun < 2
