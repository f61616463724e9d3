"""Of what kind a field's value has to be in JSON: a text for a number, or a number for a text, is a slip of the client.

DRF would read on: "1.000" as 1, "no" as false, true as 1.0, 0.10 as the text “0.1”, 20261123 as a date, and 5.9 as the
number of row 5. The slip would show, if ever, in a mail. A form or a query has nothing but texts: there it may.
"""

import re
from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

CODE = "wrong_kind"
# As the OpenAPI document has it, and with a digit: DRF would take an empty text for null.
_DECIMAL = re.compile(r"-?(?=\.?[0-9])[0-9]*(\.[0-9]*)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DAY.pattern + r"[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?")


class WordField(serializers.CharField):
    """A text that a whole number may stand for: what other systems know as a number, and a mail shows all the same.

    Not one with a fraction, of which JSON keeps the value and not the writing: 0.10 would be shown as 0.1.
    """


def misfit(field: serializers.Field, value: Any) -> Any:
    """What is wrong with the kind of `value`, as DRF has errors; None where nothing is, or the field says it itself."""
    if value is None:
        return None
    if isinstance(value, list):
        child = getattr(field, "child", None) or getattr(field, "child_relation", None)
        return _each(child, dict(enumerate(value))) if child else _of_one(field, value)
    if isinstance(field, serializers.DictField) and isinstance(value, dict):
        return _each(field.child, value)
    return _of_one(field, value)


def _each(child: Any, values: dict[Any, Any]) -> dict[Any, Any] | None:
    wrong = {key: found for key, value in values.items() if (found := misfit(child, value))}
    return wrong or None


def _of_one(field: serializers.Field, value: Any) -> list[ErrorDetail] | None:
    for kinds, fits, sentence in _KINDS:
        if isinstance(field, kinds):
            return None if fits(value) else [ErrorDetail(sentence, CODE)]
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and value == int(value)  # 5.0 is a whole number to JSON, which has but one kind


def _like(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_Kind = tuple[type | tuple[type, ...], Callable[[Any], bool], str]
_KINDS: list[_Kind] = [
    (
        WordField,
        lambda value: _is_text(value) or _is_whole(value),
        'Write a text, in quotation marks, or a whole number. One with a fraction is a text: "0.10".',
    ),
    # DRF would take the names of an object for them, and {} for none.
    (
        (serializers.MultipleChoiceField, serializers.ManyRelatedField),
        _is_list,
        'Write a list, in brackets: [] or ["a"].',
    ),
    (serializers.CharField, _is_text, 'Write a text, in quotation marks: "5" and not 5.'),
    (serializers.BooleanField, _is_truth, "Write true or false, without quotation marks."),
    (
        (serializers.IntegerField, serializers.PrimaryKeyRelatedField),
        _is_whole,
        'Write a whole number, without quotation marks: 5 and not "5".',
    ),
    (serializers.FloatField, _is_number, 'Write a number, without quotation marks: 0.5 and not "0.5".'),
    (
        serializers.DecimalField,
        lambda value: _is_number(value) or _like(_DECIMAL)(value),
        'Write a number, or a text with nothing but its digits: "1234.5".',
    ),
    (serializers.DateTimeField, _like(_MOMENT), 'Write a time as RFC 3339 has it: "2026-11-23T09:00:00Z".'),
    (serializers.DateField, _like(_DAY), 'Write a date as year, month and day: "2026-11-23".'),
]
