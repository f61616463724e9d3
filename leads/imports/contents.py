"""What a column is by what it holds, whatever its header says: a column of addresses is the e-mail address."""

import re
from collections.abc import Sequence

_ENOUGH = 0.6  # of the cells that are filled; lists have errors
_SHAPES = (  # the first that fits; a profile is a web address too
    ("email", re.compile(r"[^<>@]*<?[^\s<>@,;]+@[^\s<>@,;]+\.[^\s<>@,;]+>?")),
    ("linkedin_url", re.compile(r"(?:https?://)?(?:[a-z]+\.)?linkedin\.com/.+", re.IGNORECASE)),
    ("website", re.compile(r"(?:https?://|www\.)[^\s@]+\.[^\s@]+", re.IGNORECASE)),
)
_PROFILE = re.compile(
    r"(?:https?://)?(?:[a-z]+\.)?linkedin\.com/(?:in|pub)/.+", re.IGNORECASE
)  # of a person, not a firm
_CELL_MAX = 320  # characters that are looked at


def column_of_addresses(columns: Sequence[Sequence[str]]) -> int | None:
    """The place of the column with the most cells that are addresses; None when in none they are most of them."""
    shares = [_share(cells, _SHAPES[0][1]) for cells in columns]
    best = max(shares, default=0.0)
    return shares.index(best) if best >= _ENOUGH else None


def field_by_content(cells: Sequence[str]) -> str:
    """The field that the cells look like; empty where they look like none."""
    return next((name for name, shape in _SHAPES if _share(cells, shape) >= _ENOUGH), "")


def are_profiles(cells: Sequence[str]) -> bool:
    """Whether the cells lead to people on LinkedIn."""
    return _share(cells, _PROFILE) >= _ENOUGH


def _share(cells: Sequence[str], shape: re.Pattern[str]) -> float:
    filled = [text for cell in cells if (text := cell[:_CELL_MAX].strip())]
    return sum(shape.fullmatch(text) is not None for text in filled) / len(filled) if filled else 0.0
