"""JSON as people read it."""

import json
import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_NOTHING = re.compile(r"(?:<[^>]*>|\s|null)+")  # once in light colors and once in dark ones
# One letter as JSON writes it, or two that stand for one; not behind a backslash that is itself a letter of the text.
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)((?:\\u[0-9a-f]{4})+)")


def readable_json(shown: SafeString) -> SafeString:
    r"""`shown`, the HTML of a JSON value, with letters in place of what JSON makes of them: é for \u00e9.

    What shows nothing, or turns the direction of a line, stays as it is. Where there is no value stands a dash.
    """
    if _NOTHING.fullmatch(shown):
        return SafeString("—")
    return mark_safe(_ESCAPED.sub(_letters, shown))  # noqa: S308 - it was safe, and what is put in is escaped


def plain_number(shown: SafeString) -> SafeString:
    """`shown`, a number as its column keeps it, without the zeros at its end: 4 for 4.0000."""
    return mark_safe(re.sub(r"\.0+$|(\.\d*?[1-9])0+$", r"\1", shown))  # noqa: S308 - it was safe, and only loses digits


def plain_list(shown: SafeString) -> SafeString:
    """`shown`, several values with commas between them; a dash where there is none."""
    return shown or SafeString("—")


def _letters(found: re.Match[str]) -> str:
    letters = json.loads(f'"{found[2]}"')
    return found[1] + "".join(
        escape(letter) if letter.isprintable() else json.dumps(letter)[1:-1] for letter in letters
    )
