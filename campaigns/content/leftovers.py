"""Placeholders of other tools, which nobody fills in here: they would be read as they stand."""

import re

from campaigns.content.errors import BodyRefused
from campaigns.content.text import text_from_html

_LIQUID = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}]*%\}")
_FOREIGN = re.compile(
    r"""
    \{ \s* [A-Za-z_][\w.\ -]{0,40} \s* \}           # {first_name}
    | \{ [^{}|\n]{0,200} (?: \| [^{}|\n]{0,200} )+ \}  # {Hi|Hello}
    | % (?-i:[A-Z][A-Z0-9_]{2,30}) %                # %FIRSTNAME%
    | \*\| (?-i:[A-Z][A-Z0-9_:]{0,40}) \|\*         # *|FNAME|*
    | \[ (?:your\ |my\ )? (?: (?:first|last|full|company)?[ _-]?name | company ) \]  # [First name]
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MOST_SHOWN = 60  # characters


def foreign_placeholder(text: str = "", *, html: str = "") -> str:
    """The first placeholder in what people would read of `text`, or of the mail body `html`; empty where there is none.

    Both are templates: what is Liquid is not looked at, nor is a body that cannot be read at all.
    """
    found = _FOREIGN.search(_shown(html) if html else without_liquid(text))
    return found[0][:_MOST_SHOWN] if found else ""


def without_liquid(text: str) -> str:
    """A template's own words, without its merge fields and conditions."""
    return _LIQUID.sub("", text)


def _shown(html: str) -> str:
    try:
        return text_from_html(without_liquid(html))
    except BodyRefused:
        return ""
