"""Values as JSON that Postgres takes and that reads the same for ever."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any

from django.db import models
from django.utils.duration import duration_iso_string

_UNSTORABLE = {0: "\N{REPLACEMENT CHARACTER}", **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")}


def plain(value: Any) -> Any:
    """`value` as JSON: times in UTC, decimals and UUIDs as texts, enums by value, sets in order, rows by their keys.

    TypeError for bytes: nothing that has to be looked at in hexadecimal belongs into a log that people read.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        raise TypeError("Bytes do not belong into the audit log: record what they are, not what is in them.")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, datetime | date | time | timedelta):
        return _moment(value)
    if isinstance(value, models.Model):
        return plain(value.pk)
    return _many(value)


def text(value: Any) -> str:
    """`value` as a text that a column can hold: no NUL, no half of a surrogate pair."""
    return str(value).translate(_UNSTORABLE)


def _number(value: float | Decimal) -> int | float | str:
    if isinstance(value, Decimal) or not isfinite(value):
        return str(value)  # a JSON number would lose the digits of the one, and cannot be the other
    return value


def _moment(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat()


def _many(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {text(key.value if isinstance(key, Enum) else key): plain(each) for key, each in value.items()}
    if isinstance(value, models.Manager | models.QuerySet):
        return sorted(plain(key) for key in value.values_list("pk", flat=True))
    if isinstance(value, set | frozenset):
        return sorted((plain(each) for each in value), key=lambda each: (str(type(each)), str(each)))
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(each) for each in value]
    return text(value)
