"""Where the tags and attributes of an HTML text stand, so that edits can be spliced into the original text.

Follows the tokenizer of the HTML standard (13.2.5) as far as positions need it: comments (with them Outlook's
conditional ones), raw text elements, quoted and unquoted attributes. Linear in the length of the text. The
standard library's html.parser does not say where an attribute stands.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5

RAW_TEXT = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?P<name>[^\s/>][^\s/>=]*+)"""
    r"""(?:\s*+(?P<equals>=)\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\s>"'][^\s>]*+)?))?"""
)
_TAG_CLOSE = re.compile(r"[\s/]*+>")
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|([a-zA-Z][a-zA-Z0-9]*)(;?)(=?))")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute; `start` and `end` span its value with the quotes, both equal where it has none."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag outside comments; name in lower case, `start` at its `<`, `end` behind its `>`."""

    name: str
    closing: bool
    start: int
    end: int
    attributes: tuple[Attribute, ...]

    def get(self, name: str) -> Attribute | None:
        """The first attribute of that name, as browsers do; None when there is none."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


def tags(text: str) -> Iterator[Tag]:
    """Every tag a browser would see, in order."""
    position = 0
    while (position := text.find("<", position)) >= 0:
        if text.startswith("<!--", position):
            position = _behind(text, "-->", position + 2)
        elif opening := _TAG.match(text, position):
            tag = _tag(text, opening)
            if tag is None:
                return
            yield tag
            position = tag.end if tag.closing else _behind_raw_text(text, tag)
        else:
            position = _behind(text, ">", position) if text.startswith(("<!", "<?", "</"), position) else position + 1


def unescape_attribute(value: str) -> str:
    """The value of an attribute with its character references read; in `?a=1&copy=2` there is none (13.2.5.73)."""
    return _REFERENCE.sub(_character, value)


def _character(match: re.Match[str]) -> str:
    name, semicolon, equals = match.groups()
    if name is None:
        return html.unescape(match.group())
    if not semicolon and (equals or name not in html5):
        return match.group()
    return html.unescape(f"&{name}{semicolon}") + equals


def _tag(text: str, opening: re.Match[str]) -> Tag | None:
    attributes = []
    position = opening.end()
    while not (close := _TAG_CLOSE.match(text, position)):
        found = _ATTRIBUTE.match(text, position)
        if not found or _is_unclosed(text, found):
            return None
        attributes.append(_attribute(found))
        position = found.end()
    return Tag(opening.group(2).lower(), bool(opening.group(1)), opening.start(), close.end(), tuple(attributes))


def _is_unclosed(text: str, found: re.Match[str]) -> bool:
    no_value = found.group("equals") and all(found.group(kind) is None for kind in ("double", "single", "bare"))
    return bool(no_value) and text.startswith(('"', "'"), found.end())


def _attribute(found: re.Match[str]) -> Attribute:
    name = found.group("name").lower()
    for kind, quote in (("double", 1), ("single", 1), ("bare", 0)):
        value = found.group(kind)
        if value is not None:
            return Attribute(name, unescape_attribute(value), found.start(kind) - quote, found.end(kind) + quote)
    return Attribute(name, "", found.end(), found.end())


def _behind_raw_text(text: str, tag: Tag) -> int:
    if tag.name not in RAW_TEXT:
        return tag.end
    closing = re.compile(rf"</{tag.name}(?=[\s/>])", re.IGNORECASE).search(text, tag.end)
    return closing.start() if closing else len(text)


def _behind(text: str, mark: str, position: int) -> int:
    found = text.find(mark, position)
    return found + len(mark) if found >= 0 else len(text)
