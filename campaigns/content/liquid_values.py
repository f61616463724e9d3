"""The values a template works on: one that is not there, and how big one may grow."""

from typing import Any

from liquid import Undefined
from liquid.exceptions import FilterError
from liquid.token import Token

from campaigns.content.errors import MergeValueMissing
from campaigns.content.liquid_limits import MAX_VALUE

CHARACTERS_PER_STEP = 256  # what escaping or copying this much text costs is about one step


class NoValue(str):
    """What python-liquid compares in place of a MissingValue: equal to nil, blank, empty and ''."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return other is None or str.__eq__(self, other) is True


# Liquid takes every text, the empty one too, for true; what is undefined is false. A missing value must be both false
# and equal to blank, so NoValue is a text to `==` and undefined to `if`.
Undefined.register(NoValue)
NO_VALUE = NoValue()


class MissingValue:
    """A value that is not there. Same constructor as liquid.Undefined, whose place it takes in the environment."""

    __slots__ = ("name",)

    def __init__(self, name: str, *, token: Token | None = None, obj: object = None, hint: str | None = None):
        self.name = name

    def __liquid__(self) -> NoValue:
        return NO_VALUE

    def __str__(self) -> str:
        raise MergeValueMissing(self.name)


def size_of(value: Any) -> int:
    """Characters in a text or in the texts of a list, its items counted too; 0 for anything else."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return len(value) + sum(len(item) for item in value if isinstance(item, str))
    return 0


def work_of(value: Any) -> int:
    """The steps it costs to hand `value` on."""
    items = len(value) // 4 if isinstance(value, list) else 0
    return 1 + items + size_of(value) // CHARACTERS_PER_STEP


def check_size(size: int) -> None:
    """FilterError for a value of a size that no mail needs."""
    if size > MAX_VALUE:
        raise FilterError(f"a text grows beyond {MAX_VALUE:,} characters", token=None)
