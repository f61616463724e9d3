"""The kinds of fields, and the ways in which each can be asked."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import F, Model, Q, TextChoices, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Contains, Exact, Regex, StartsWith

from leads.addresses import kept_form
from leads.segments.asking import Asking
from leads.segments.errors import RuleCode, RuleRefused
from leads.segments.fields import Field

TEXT_MAX = 300
LIST_MAX = 200
NUMBER_MAX = 2**31 - 1  # of an integer column
DAYS_MAX = 36_500  # a hundred years

LISTS = frozenset({"is_any_of", "is_none_of", "has_any_word"})
OPPOSITES = {"is_not": "is", "is_none_of": "is_any_of", "has_no_word": "has_word", "is_not_empty": "is_empty"}
NO_VALUE = frozenset({"is_empty", "is_not_empty", "never", "ever"})


class TextKind(Field):
    """A text, compared whatever its case. `folded` ones are in small letters in the database already."""

    operators = {
        "is": "is",
        "is_not": "is not",
        "is_any_of": "is any of",
        "is_none_of": "is none of",
        "has_word": "contains the word",
        "has_any_word": "contains any of the words",
        "has_no_word": "does not contain the word",
        "starts_with": "starts with",
        "is_empty": "is empty",
        "is_not_empty": "is not empty",
    }

    def __init__(self, name: str, label: str, section: str, *, column: str = "", folded: bool = False):
        super().__init__(name, label, section)
        self._column = column or name
        self._folded = folded

    def read(self, operator: str, value: Any, path: str) -> Any:
        if operator in NO_VALUE:
            return no_value(value, path)
        return texts(value, path) if operator in LISTS else text(value, path)

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        opposite = OPPOSITES.get(operator)
        return ~self._is_so(opposite, value) if opposite else self._is_so(operator, value)

    def _has_words(self, side: Any, words: list[str]) -> Q:
        # The letters first: most rows that lack them never meet the regular expression. The database asks what it takes
        # for cheaper first, so both have to be asked of the same side.
        letters = Q.create([Q(Contains(side, Lower(Value(each)))) for each in words], connector=Q.OR)
        return letters & Q(Regex(side, Lower(Value(word_pattern(words)))))

    def input(self, operator: str) -> str:
        if operator in NO_VALUE:
            return "none"
        return "list" if operator in LISTS else "text"

    def _is_so(self, operator: str, value: Any) -> Q:
        side: Any = F(self._column) if self._folded else Lower(self._column)
        match operator:
            case "is":
                return Q(Exact(side, Lower(Value(value))))
            case "is_any_of":
                return Q.create([Q(Exact(side, Lower(Value(each)))) for each in value], connector=Q.OR)
            case "has_word":
                return self._has_words(side, [value])
            case "has_any_word":
                return self._has_words(side, value)
            case "starts_with":
                return Q(StartsWith(side, Lower(Value(value))))
            case _:
                return Q(**{self._column: ""})


class AddressKind(TextKind):
    """An address or a domain: a whole one is found in whatever spelling, though the domain is kept in ASCII."""

    def _is_so(self, operator: str, value: Any) -> Q:
        match operator:
            case "is":
                return super()._is_so(operator, kept_form(value))
            case "is_any_of":
                return super()._is_so(operator, [kept_form(each) for each in value])
            case _:
                return super()._is_so(operator, value)


class NumberKind(Field):
    """A whole number that may be unknown."""

    operators = {
        "is": "is",
        "more_than": "is more than",
        "less_than": "is less than",
        "between": "is between",
        "is_empty": "is not known",
        "is_not_empty": "is known",
    }
    _lookups = {"is": "exact", "more_than": "gt", "less_than": "lt", "between": "range"}

    def read(self, operator: str, value: Any, path: str) -> Any:
        if operator in NO_VALUE:
            return no_value(value, path)
        if operator != "between":
            return number(value, path)
        if not isinstance(value, list) or len(value) != 2:
            raise bad(path, "This needs two numbers, the smaller first.")
        low, high = (number(each, f"{path}/{place}") for place, each in enumerate(value))
        if low > high:
            raise bad(path, f"{low:,} is more than {high:,}: the smaller number comes first.")
        return [low, high]

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        if operator in NO_VALUE:
            return Q(**{f"{self.name}__isnull": operator == "is_empty"})
        return Q(**{f"{self.name}__{self._lookups[operator]}": value})

    def input(self, operator: str) -> str:
        if operator in NO_VALUE:
            return "none"
        return "range" if operator == "between" else "number"

    def _value_in_words(self, value: Any, names: Mapping[int, str]) -> str:
        parts = value if isinstance(value, list) else [] if value is None else [value]
        return " and ".join(f"{part:,}" for part in parts)


class TimeKind(Field):
    """When something was, in days back from now or by a date (from midnight UTC on)."""

    operators = {
        "more_than_days_ago": "more than",
        "less_than_days_ago": "less than",
        "on_or_after": "on or after",
        "before": "before",
    }

    def read(self, operator: str, value: Any, path: str) -> Any:
        if operator in NO_VALUE:
            return no_value(value, path)
        if operator in {"on_or_after", "before"}:
            return day(value, path)
        return number(value, path, most=DAYS_MAX)

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        is_later = operator in {"less_than_days_ago", "on_or_after"}
        return Q(**{f"{self.name}__{'gte' if is_later else 'lt'}": boundary(value, asking)})

    def input(self, operator: str) -> str:
        if operator in NO_VALUE:
            return "none"
        return "date" if operator in {"on_or_after", "before"} else "days"

    def _value_in_words(self, value: Any, names: Mapping[int, str]) -> str:
        if isinstance(value, int):
            return f"{value:,} day{'' if value == 1 else 's'} ago"
        return value or ""


class ChoiceKind(Field):
    """One of a closed list of states."""

    operators = {"is_any_of": "is", "is_none_of": "is not"}

    def __init__(self, name: str, label: str, section: str, *, of: type[TextChoices]):
        super().__init__(name, label, section)
        self._of = of

    def read(self, operator: str, value: Any, path: str) -> Any:
        chosen = texts(value, path)
        unknown = next((each for each in chosen if each not in self._of.values), None)
        if unknown is not None:
            raise bad(path, f"“{unknown[:40]}” is none of the choices.", f"Known: {', '.join(self._of.values)}.")
        return chosen

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        inside = Q(**{f"{self.name}__in": value})
        return inside if operator == "is_any_of" else ~inside

    def input(self, operator: str) -> str:
        return "choices"

    def choices(self) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in self._of.choices]


class MarkKind(Field):
    """Something that is so or is not."""

    operators = {"is": "is so", "is_not": "is not so"}

    def read(self, operator: str, value: Any, path: str) -> Any:
        return no_value(value, path)

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        return Q(**{self.name: operator == "is"})

    def input(self, operator: str) -> str:
        return "none"

    def told(self, operator: str, value: Any, names: Mapping[int, str]) -> str:
        return f"is {'' if operator == 'is' else 'not '}{self.label.lower()}"


class RowKind(Field):
    """A row of ours that a lead has to do with, by its number."""

    def __init__(self, name: str, label: str, section: str, *, of: type[Model]):
        super().__init__(name, label, section)
        self._of = of

    def read(self, operator: str, value: Any, path: str) -> Any:
        return key(value, path)

    def input(self, operator: str) -> str:
        return "row"

    def model(self) -> type[Model]:
        return self._of


def word_pattern(words: list[str]) -> str:
    """A regular expression for any of `words` as a whole word: CTO is in “CTO, EMEA” and not in “Director”."""
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)"


def boundary(value: int | str, asking: Asking) -> datetime:
    """The moment that a number of days ago, or a date, stands for."""
    if isinstance(value, int):
        return asking.now - timedelta(days=value)
    return datetime.combine(date.fromisoformat(value), datetime.min.time(), tzinfo=UTC)


def text(value: Any, path: str) -> str:
    """One text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise bad(path, "This needs a text.")
    if len(value) > TEXT_MAX or "\x00" in value:
        raise bad(path, f"A text has at most {TEXT_MAX} characters, none of them NUL.")
    return value.strip()


def texts(value: Any, path: str) -> list[str]:
    """A list of texts, each once."""
    if not isinstance(value, list) or not 0 < len(value) <= LIST_MAX:
        raise bad(path, f"This needs a list of 1 to {LIST_MAX} texts.")
    return list(dict.fromkeys(text(each, f"{path}/{place}") for place, each in enumerate(value)))


def number(value: Any, path: str, *, most: int = NUMBER_MAX) -> int:
    """A whole number from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise bad(path, f"This needs a whole number from 0 to {most:,}.")
    return value


def day(value: Any, path: str) -> str:
    """A date, as 2026-12-25."""
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise bad(path, f"“{str(value)[:30]}” is not a date.", "Write it as 2026-12-25.") from None


def key(value: Any, path: str) -> int:
    """The number of a row."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
        raise bad(path, "This needs the number of a row.")
    return value


def keys(value: Any, path: str) -> list[int]:
    """Numbers of rows, each once."""
    if not isinstance(value, list) or not 0 < len(value) <= LIST_MAX:
        raise bad(path, f"This needs a list of 1 to {LIST_MAX} numbers.")
    return list(dict.fromkeys(key(each, f"{path}/{place}") for place, each in enumerate(value)))


def no_value(value: Any, path: str) -> None:
    """Nothing, for an operator that needs none."""
    if value not in (None, ""):
        raise bad(path, "This question takes no value.", "Leave it out.")


def bad(path: str, message: str, hint: str = "") -> RuleRefused:
    """The refusal of a value."""
    return RuleRefused(RuleCode.BAD_VALUE, path, message, hint)
