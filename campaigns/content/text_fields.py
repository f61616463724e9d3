"""The generated text part of a wording of plain merge fields, made once with words standing in for the values.

Only where the text around a value cannot depend on the value, so that this and `text_from_html` on the finished HTML
give the same: every doubt answers None, and such a wording has its text generated mail by mail.
"""

import re
from collections.abc import Iterable, Sequence

from campaigns.content.markup import RAW_TEXT, Attribute, tags
from campaigns.content.plain_fields import Field
from campaigns.content.text import text_from_html

# Fields that hold a web address whenever they hold anything, so that a link to one is always written out.
ADDRESS_FIELDS = frozenset({"unsubscribe_url"})
ADDRESS_PREFIXES = ("click_url_", "open_url")
_ADDRESS = re.compile(r"https?://[^\s/]+/[!-~]+")


def text_pieces(source: Sequence[str | Field]) -> list[str | Field] | None:
    """Text and fields by turns, as the text part of the HTML in `source`; None where it depends on the values."""
    if any(isinstance(piece, Field) and set(piece.fallback or "") & set("<>&") for piece in source):
        return None  # a fallback is not escaped: it may be markup
    mark = "lq"
    while any(mark in piece.lower() for piece in source if isinstance(piece, str)):
        mark += "q"
    # Where columns or alignment take their width from a value, short and long words give different texts.
    short, long = (_pieces_with(source, mark, padding) for padding in ("", "x" * 30))
    return short if short == long else None


def is_tame(field: Field, value: str) -> bool:
    """Whether `value` stands in the text part just as it is, and changes nothing around it."""
    if is_address(field):
        return _ADDRESS.fullmatch(value) is not None
    # With a slash it might be a link's own address, which is not written twice.
    return value != "" and value.isprintable() and "/" not in value and value == " ".join(value.split())


def is_address(field: Field) -> bool:
    """Whether the field only ever holds a web address."""
    return field.name in ADDRESS_FIELDS or field.name.startswith(ADDRESS_PREFIXES)


def _pieces_with(source: Sequence[str | Field], mark: str, padding: str) -> list[str | Field] | None:
    fields = [piece for piece in source if isinstance(piece, Field)]
    numbers = {field: number for number, field in enumerate(dict.fromkeys(fields))}
    by_number = list(numbers)

    def word(field: Field) -> str:
        name = f"{mark}{padding}{numbers[field]}e"
        return f"https://{name}/{padding}e" if is_address(field) else name

    standing_in = "".join(word(piece) if isinstance(piece, Field) else piece for piece in source)
    if not _is_simple(standing_in, mark, addresses={word(field) for field in fields if is_address(field)}):
        return None
    found = re.split(rf"(?:https://)?{mark}{padding}(\d+)e(?:/{padding}e)?", text_from_html(standing_in))
    return [by_number[int(piece)] if place % 2 else piece for place, piece in enumerate(found)]


def _is_simple(source: str, mark: str, *, addresses: Iterable[str]) -> bool:
    """Whether values stand between tags or are a whole link, and no link's words are compared with a value."""
    position, inside_link = 0, False
    for tag in tags(source):
        if not _is_open(source[position : tag.start], mark, inside_link=inside_link):
            return False
        in_tag = source[tag.start : tag.end].count(mark)
        if in_tag != sum(_is_whole(attribute, addresses) for attribute in tag.attributes):
            return False
        if tag.name in RAW_TEXT and not tag.closing and mark in source[tag.end :].partition("</")[0]:
            return False
        if tag.name == "a":
            inside_link = not tag.closing
        position = tag.end
    return _is_open(source[position:], mark, inside_link=inside_link)


def _is_open(between: str, mark: str, *, inside_link: bool) -> bool:
    """Whether values may stand in this text between two tags; a `<` in it may begin a comment."""
    return mark not in between or not (inside_link or "<" in between)


def _is_whole(attribute: Attribute, addresses: Iterable[str]) -> bool:
    return attribute.name in {"href", "src"} and attribute.value in addresses
