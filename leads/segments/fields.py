"""What can be asked of a lead. Leads put their own fields in when they get ready, and upper apps theirs: leads know
nothing of campaigns."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar

from django.db.models import Model, Q

from leads.imports.fields import CUSTOM_KEY_MAX, custom_key
from leads.segments.asking import Asking
from leads.segments.errors import RuleCode, RuleRefused

CUSTOM = "custom."


class Field:
    """One thing that can be asked, in several ways.

    Values are plain JSON: `read` makes the one form of what came in, or refuses it. `input` tells a form what to offer
    for an operator: none, text, list, number, range, days, date, choices, row or rows.
    """

    operators: ClassVar[Mapping[str, str]]  # by name, as the words that stand between field and value
    is_optional: ClassVar[bool] = False  # a row that is not named means any

    def __init__(self, name: str, label: str, section: str):
        self.name, self.label, self.section = name, label, section

    def read(self, operator: str, value: Any, path: str) -> Any:
        """The value in its one form; RuleRefused where it does not fit."""
        raise NotImplementedError

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        """The question in the database's terms; never NULL, so that it can be turned around."""
        raise NotImplementedError

    def input(self, operator: str) -> str:
        """What a form offers for the value."""
        raise NotImplementedError

    def choices(self) -> list[tuple[str, str]]:
        """The values there are, where the field has a closed list of them."""
        return []

    def model(self) -> type[Model] | None:
        """What the numbers in the value are keys of, where they are."""
        return None

    def told(self, operator: str, value: Any, names: Mapping[int, str]) -> str:
        """The rule in words; `names` are those of the rows the value names."""
        said = self._value_in_words(value, names)
        return f"{self.label.lower()} {self.operators[operator]} {said}".strip()

    def _value_in_words(self, value: Any, names: Mapping[int, str]) -> str:
        labels = dict(self.choices())
        parts = value if isinstance(value, list) else [] if value is None else [value]
        return " or ".join(names.get(part) or (labels[part].lower() if part in labels else str(part)) for part in parts)


_fields: dict[str, Field] = {}
_makers: dict[str, Any] = {}


def offer(fields: Iterable[Field]) -> None:
    """Have rules ask for these as well."""
    _fields.update({field.name: field for field in fields})


def offer_custom(make: Any) -> None:
    """Have `make(key)` answer for the further fields of leads, `custom.KEY`."""
    _makers[CUSTOM] = make


def all_fields() -> Iterator[Field]:
    """Everything with a name of its own, in the order it was put in."""
    return iter(_fields.values())


def find_field(name: Any, path: str) -> Field:
    """The field of this name; RuleRefused, with the nearest one, where there is none."""
    if isinstance(name, str) and name.startswith(CUSTOM):
        return _custom(name.removeprefix(CUSTOM), path)
    found = _fields.get(name) if isinstance(name, str) else None
    if found is None:
        near = get_close_matches(str(name), _fields, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(_fields)}, {CUSTOM}NAME."
        raise RuleRefused(RuleCode.UNKNOWN_FIELD, path, f"There is no field “{str(name)[:60]}”.", hint)
    return found


def _custom(key: str, path: str) -> Field:
    right = custom_key(key)[:CUSTOM_KEY_MAX]
    if not right or right != key:
        hint = f"Write it as {CUSTOM}{right}." if right else "It is of small letters, digits and underscores."
        raise RuleRefused(RuleCode.UNKNOWN_FIELD, path, f"“{key[:60]}” is not the key of a further field.", hint)
    return _makers[CUSTOM](key)
