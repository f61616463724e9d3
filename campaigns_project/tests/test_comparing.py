"""Two texts, where they differ."""

import pytest

from campaigns_project.comparing import LONG, MOST_LINES, TOO_LONG, compare


def shown(before: str, after: str) -> list[str]:
    """Each line behind its kind; what stands out in it between braces."""
    signs = {"same": " ", "out": "-", "in": "+", "left": "~"}
    return [
        signs[line.kind] + "".join(f"{{{p.text}}}" if p.differs else p.text for p in line.pieces)
        for line in compare(before, after)
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("one\r\ntwo", "one\ntwo\n", []),
        ("", "new", ["+{new}"]),
        ("gone", "", ["-{gone}"]),
        ("Hello dear Ana", "Hello kind Ana", ["-Hello {dear} Ana", "+Hello {kind} Ana"]),
        ("Yours", "entirely other", ["-{Yours}", "+{entirely other}"]),
        ("a\nb\nc\nd\ne\nf", "a\nb\nc\nX\ne\nf", ["~…", " b", " c", "-{d}", "+{X}", " e", " f"]),
    ],
)
def test_lines_that_differ_are_told_with_those_around_them(before: str, after: str, told: list[str]) -> None:
    assert shown(before, after) == told


def test_of_a_long_line_the_middle_of_what_is_the_same_is_left_out() -> None:
    same = "the same words " * 40

    [out, new] = shown(same + "then", same + "now")

    assert out.endswith("words {then}") and new.endswith("words {now}")
    assert len(out) < 2 * LONG


def test_texts_of_too_many_lines_are_not_compared() -> None:
    assert shown("a\n" * (MOST_LINES + 1), "b") == [f"~{TOO_LONG}"]
