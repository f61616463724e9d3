"""Bodies as JSON."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MOST_DIGITS = 300  # of a whole number; any of them can be made a float, and a longer one is none that anybody means


class PlainJSONParser(JSONParser):
    """JSON that means the same to everybody (RFC 8259, RFC 7493); whatever else is malformed, and no fault of ours.

    DRF's parser takes the last of two fields of one name, and of 1e999 it makes an infinity.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        encoding = (parser_context or {}).get("encoding") or settings.DEFAULT_CHARSET
        try:
            return json.loads(
                stream.read().decode(encoding).removeprefix("\ufeff"),  # some programs on Windows begin with it
                parse_constant=_no_constant,
                parse_float=_finite,
                parse_int=_whole,
                object_pairs_hook=_each_name_once,
            )
        except RecursionError:
            raise ParseError("JSON parse error - it is nested too deeply") from None
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:40]} is larger than any number that is kept")
    return number


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits is too long")
    return int(digits)


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice, _times = Counter(name for name, _value in pairs).most_common(1)[0]
        raise ValueError(f"“{twice[:100]}” stands there twice in one object: which of the two is meant?")
    return fields
