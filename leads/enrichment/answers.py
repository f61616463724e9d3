"""What a model answered, believed only as far as it is exactly what was asked for.

A lead's own texts are part of the question, and whoever wrote them may have meant to be obeyed: an answer with any
field besides those that were asked for is thrown away as a whole.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from leads.enrichment.errors import EnrichmentRefused
from leads.enrichment.fields import cleaned

MOST_CHARACTERS = 40_000  # some fields of at most 5,000 characters; more is a model that lost its way
_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n\s*```\s*\Z", re.DOTALL)


def read_answer(text: str, wanted: Sequence[str]) -> dict[str, Any]:
    """The values that were found, cleaned, by field; those the model left empty are left out.

    EnrichmentRefused unless it is one JSON object (a Markdown fence around it is seen through) with the wanted fields,
    all of them and no other, each of its type.
    """
    if len(text) > MOST_CHARACTERS:
        message = f"The answer has {len(text):,} characters; {MOST_CHARACTERS:,} is the limit."
        raise EnrichmentRefused("answer_too_long", message, "Ask in the prompt for short values.")
    values = _object(text)
    _check_fields(values, wanted)
    found = {name: cleaned(name, values[name]) for name in wanted}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _object(text: str) -> dict[str, Any]:
    fenced = _FENCED.match(text)
    try:
        values = json.loads(fenced[1] if fenced else text, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        message = "The answer is not JSON."
        raise EnrichmentRefused("answer_not_json", message, "Use a model that can answer in JSON.") from None
    if not isinstance(values, dict):
        raise EnrichmentRefused("answer_not_json", "The answer is not a JSON object.")
    return values


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise EnrichmentRefused("answer_wrong_fields", "The answer names a field twice.")
    return values


def _check_fields(values: dict[str, Any], wanted: Sequence[str]) -> None:
    others = sorted(set(values) - set(wanted))
    if others:
        message = f"The answer has a field that was not asked for: “{others[0][:60]}”."
        raise EnrichmentRefused("answer_wrong_fields", message, "Nothing of it was used.")
    missing = sorted(set(wanted) - set(values))
    if missing:
        message = f"The answer lacks the field {missing[0]}."
        raise EnrichmentRefused("answer_wrong_fields", message, "Nothing of it was used.")
