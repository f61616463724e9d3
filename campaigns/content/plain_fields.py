"""Templates of plain merge fields: text with `{{ field }}` and `{{ field | default: "words" }}` in it, nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.content import templating
from campaigns.content.templating import Template

_FIELD = re.compile(r"""\{\{\s*([a-z_][\w.]*)\s*(?:\|\s*default:\s*("[^"{}]*"|'[^'{}]*')\s*)?\}\}""", re.ASCII)
_NAME = re.compile(r"[a-z_][\w.]*", re.ASCII)
# Words that liquid reads as values of their own.
_LITERALS = frozenset({"true", "false", "nil", "null", "empty", "blank", "forloop"})


@dataclass(frozen=True, slots=True)
class Field:
    """One place for a value. `fallback` is shown, as it stands, where there is none; None where that is refused."""

    name: str
    fallback: str | None = None

    def value(self, values: Mapping[str, str]) -> str | None:
        """What stands here for these values, not escaped; None where the fallback takes its place."""
        value = values.get(self.name, "")
        return value if value.strip() else None


def is_name(name: str) -> bool:
    """Whether `{{ name }}` is a plain merge field."""
    return _NAME.fullmatch(name) is not None and name not in _LITERALS


def pieces(template: Template) -> list[str | Field] | None:
    """Text and fields by turns, beginning and ending with text; None where the template holds anything else."""
    found: list[str | Field] = []
    position = 0
    for match in _FIELD.finditer(template.source):
        if match[1] in _LITERALS:
            return None
        fallback = None
        if match[2]:
            # Shown by the engine itself, which knows how a literal is escaped.
            fallback = templating.render(templating.compile(match[0], html=template.html), {})
        found += [template.source[position : match.start()], Field(match[1], fallback)]
        position = match.end()
    found.append(template.source[position:])
    return None if any("{{" in text or "{%" in text for text in found[::2] if isinstance(text, str)) else found
