"""Which fields an answer may fill, and what a value of each must be: as for a cell of an imported file."""

from typing import Any

from leads.enrichment.errors import EnrichmentRefused
from leads.imports.fields import BY_NAME, CUSTOM_KEY_MAX, CUSTOM_PREFIX, custom_key, is_custom
from leads.imports.personal import clean_person
from leads.imports.rules import RowError

# An address says who somebody is. It is found by people and providers, and never made up.
FILLABLE = tuple(name for name in BY_NAME if name != "email")
_ANYBODY = "somebody@example.com"  # whose field it is makes no difference to its rules
_NUMBERS = {"company_size": 2**31 - 1}  # with what the column holds at most


def is_fillable(name: str) -> bool:
    """Whether `name` is a field that an answer may fill: one of a lead's, or `custom.key`."""
    if not is_custom(name):
        return name in FILLABLE
    key = name.removeprefix(CUSTOM_PREFIX)
    return len(key) <= CUSTOM_KEY_MAX and key != "" and custom_key(key) == key


def json_type(name: str) -> str:
    """The type a value must have in the answer, as JSON Schema calls it."""
    return "integer" if name in _NUMBERS else "string"


def cleaned(name: str, value: Any) -> Any:
    """The value as the lead gets it, "" or None for nothing; EnrichmentRefused for one that no import would take."""
    if value is None or value == "":
        return None if name in _NUMBERS else ""
    if name in _NUMBERS:
        return _number(name, value)
    if not isinstance(value, str):
        message = f"{name} is not a text but {type(value).__name__}."
        raise EnrichmentRefused("answer_wrong_type", message, "Ask in the prompt for a text.")
    try:
        return _text(name, value)
    except RowError as error:
        raise EnrichmentRefused("answer_bad_value", f"{name}: {error.problem.message}") from None


def _number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"{name} is not a whole number but {type(value).__name__}."
        raise EnrichmentRefused("answer_wrong_type", message, "Ask in the prompt for a number alone.")
    if not 0 <= value <= _NUMBERS[name]:
        raise EnrichmentRefused("answer_bad_value", f"{name}: {value} is out of range.")
    return value


def _text(name: str, value: str) -> str:
    """By the very rules of an import, which would else refuse the lead for what was filled in."""
    person = clean_person(1, {"email": _ANYBODY, name: value})
    return person.fields.get(name, "")
