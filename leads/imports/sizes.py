"""The size of a firm, as the many ways of writing one number or a range have it."""

# ruff: noqa: RUF001

import re
from functools import lru_cache

# A number with its thousands apart (1,000  1.000  1 000  1'000) or not, and the letter for thousands or millions.
_NUMBER = re.compile(r"(\d{1,3}(?:[,.'’  \u202f]\d{3})+|\d+)([.,]\d)?\s*([km](?![a-z]))?", re.IGNORECASE)
_AT_MOST = re.compile(
    r"\s*(?:<|≤|up to|under|less than|fewer than|below|bis|unter|hasta|jusqu|až\b|max)", re.IGNORECASE
)
_ONE = re.compile(r"self[- ]?employed|freelance[r]?|solo|myself only|just me", re.IGNORECASE)
_WORDS = r"(?:employees?|people|persons?|staff|fte|mitarbeiter(?:innen)?|employés?|salariés?|empleados?|dipendenti)"
_SHAPE = re.compile(
    rf"\s*(?:[<>≥≤~≈+]|[a-zà-ž]+ ?[a-z]*)?\s*#\s*(?:(?:-|–|—|to|bis|à|a|až|do|\.\.)\s*#)?\s*\+?\s*{_WORDS}?\.?\s*",
    re.IGNORECASE,
)
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}


@lru_cache(maxsize=1_024)
def read_size(text: str) -> int | None:
    """The number, or the lower end of the range; of `less than 10` it is 1. None for what is no size."""
    if _ONE.fullmatch(text.strip()):
        return 1
    numbers = list(_NUMBER.finditer(text))
    if not numbers or not _SHAPE.fullmatch(_NUMBER.sub("#", text)):
        return None
    return 1 if _AT_MOST.match(text) else _value(numbers[0])


def _value(number: re.Match[str]) -> int:
    whole = re.sub(r"\D", "", number[1])
    tenth = int(number[2][1:]) if number[2] else 0
    return (int(whole) * 10 + tenth) * _FACTORS[(number[3] or "").lower()] // 10
