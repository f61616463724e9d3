"""What differs between two texts: line by line, and within lines that are nearly the same, as a page shows it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

AROUND = 2  # lines that are the same, shown before and behind what differs
MOST_LINES = 2_000  # compared; of two texts without a line in common the work grows with the square
MOST_WORDS = 4_000  # compared within a pair of lines, likewise
ALIKE = 0.4  # share of a pair of lines that is the same; below that, words picked out would be a puzzle
LONG = 120  # characters that are the same in one piece; the middle of more is left out
TOO_LONG = "These are too long to be compared line by line."
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A part of a line; `differs` where the other text has something else in its place."""

    text: str
    differs: bool = False


@dataclass(frozen=True)
class Line:
    """A line of one text or of both. `kind`: "same", "out" (of the first alone), "in" (of the second), "left" out."""

    kind: str
    pieces: tuple[Piece, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all of it is new or gone, and no words of it stand out."""
        return len(self.pieces) == 1


def compare(before: str, after: str) -> list[Line]:
    """The lines that differ, with some around them; nothing where only ends of lines do."""
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        return []
    if max(len(old), len(new)) > MOST_LINES:
        return [_line("left", TOO_LONG)]
    return list(_told(old, new))


def _told(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    seen = 0
    for group in SequenceMatcher(None, old, new).get_grouped_opcodes(AROUND):
        if group[0][1] > seen:
            yield _line("left", "…")
        for act, start, end, new_start, new_end in group:
            if act == "equal":
                yield from (_line("same", text) for text in old[start:end])
            else:
                yield from _changed(old[start:end], new[new_start:new_end])
        seen = group[-1][2]
    if seen < len(old):
        yield _line("left", "…")


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    pairs = [_pair(first, second) for first, second in zip_longest(old, new)]
    yield from (Line("out", pieces) for pieces, _ in pairs if pieces)
    yield from (Line("in", pieces) for _, pieces in pairs if pieces)


def _pair(old: str | None, new: str | None) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The pieces of two lines that stand in each other's place, or of the only one there is."""
    if old is None or new is None:
        return tuple(() if text is None else (Piece(text, differs=True),) for text in (old, new))  # type: ignore[return-value]
    words, others = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if max(len(words), len(others)) > MOST_WORDS or matcher.ratio() < ALIKE:
        return (Piece(old, differs=True),), (Piece(new, differs=True),)
    acts = matcher.get_opcodes()
    first = [Piece("".join(words[start:end]), act != "equal") for act, start, end, _, _ in acts if start < end]
    second = [Piece("".join(others[start:end]), act != "equal") for act, _, _, start, end in acts if start < end]
    return _shortened(first), _shortened(second)


def _shortened(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Without the middle of long pieces that are the same: a body on one line would be a page of them."""
    return tuple(each if each.differs or len(each.text) <= LONG else _ends(each.text) for each in pieces)


def _ends(text: str) -> Piece:
    return Piece(f"{text[: LONG // 2]} … {text[-LONG // 2 :]}")


def _line(kind: str, text: str) -> Line:
    return Line(kind, (Piece(text),))
