"""The whole templates of a wording's mails: preheader, footer, tracked links and pixel put in once for all of them.

    assembly = assemble(wording parts)
    assembly.html   # with {{ click_url_1 }}, {{ open_url }}, {{ unsubscribe_url }} and {{ preheader }} in it

Only for wordings of plain merge fields that cannot move a tag or become a link; every doubt answers None, and such a
wording is rendered and edited mail by mail. Edits are made by `campaigns.content.html` on a text in which a word stands
for each field, so that one code decides where they go.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from campaigns.content import html as html_content
from campaigns.content import plain_fields, templating
from campaigns.content import text as text_content
from campaigns.content.errors import BodyRefused, HtmlInvalid, TemplateInvalid
from campaigns.content.markup import Tag, tags
from campaigns.content.plain_fields import Field
from campaigns.content.shapes import MADE_UP
from campaigns.content.templating import Template
from campaigns.content.text_fields import text_pieces

OPEN_URL, PREHEADER, WAY_OUT = "open_url", "preheader", "unsubscribe_url"
_OWN_FIELD = re.compile(rf"click_url_\d+|{MADE_UP}|{OPEN_URL}|{PREHEADER}")
_QUOTES = frozenset("\"'")
_LINKING = frozenset({"a", "area"})
_NEVER_TRACKED = re.compile(r"\s*(?:mailto:|tel:|sms:|#)", re.IGNORECASE)

Pieces = Sequence[str | Field]


@dataclass(frozen=True, slots=True)
class Parts:
    """A wording's compiled templates, and what the mails of a campaign get besides.

    `fields` are those of the whole wording, its subject's too. `postal_address` goes into the footer; None where the
    wording has a footer of its own.
    """

    fields: frozenset[str]
    preheader: Template
    html: Template | None
    text: Template | None
    postal_address: str | None
    track_clicks: bool
    track_opens: bool


@dataclass(frozen=True, slots=True)
class Assembly:
    """Templates that give the whole bodies. `clicks` are the tracked links by the merge field of their address."""

    html: Template | None
    text: Template
    clicks: Mapping[str, str]
    has_preheader: bool
    tame: frozenset[Field]  # in a text part made from the HTML; see Design
    last: Field | None  # right before the footer of the text part, which drops the blanks before it

    def fits(self, values: Mapping[str, str]) -> bool:
        """Whether the mail with these tame values is the same as one rendered and edited by itself."""
        if self.has_preheader and not values[PREHEADER]:
            return False
        if self.last is None:
            return True
        last = self.last.value(values) or self.last.fallback or ""
        return last != "" and not last[-1].isspace()


# One wording goes out by many senders, who are none of its parts.
@lru_cache(maxsize=128)
def assemble(parts: Parts) -> Assembly | None:
    """The templates of the mails of `parts`; None where they have to be made one by one."""
    if any(_OWN_FIELD.fullmatch(name) for name in parts.fields):
        return None  # nobody has a value for it
    try:
        return _assembled(parts)
    except (TemplateInvalid, HtmlInvalid, BodyRefused):
        return None  # too big with what was added, say; the mail itself may well be possible


def _assembled(parts: Parts) -> Assembly | None:
    words = _StandIns(avoid=parts.preheader.source + (parts.postal_address or ""))
    document = _document(words, parts)
    body = plain_fields.pieces(parts.text) if parts.text else document and text_pieces(words.pieces(document))
    if document is None or body is None:
        return None
    targets = tuple(dict.fromkeys(html_content.links(document))) if parts.track_clicks else ()
    html = _template(words.pieces(_edited(words, document, parts, targets)), html=True) if parts.html else None
    text = _text(body, parts)
    if text is None or (parts.html and html is None):
        return None
    return Assembly(
        html=html,
        text=text,
        clicks={_click_field(number): target for number, target in enumerate(targets, start=1)},
        has_preheader=any(one.name == PREHEADER for one in words.fields),
        tame=frozenset() if parts.text else frozenset(_fields(body)),
        last=_last(body) if parts.postal_address is not None else None,
    )


def _document(words: "_StandIns", parts: Parts) -> str | None:
    """The HTML with its preheader, words standing for fields; empty without HTML, None where a field may move a tag."""
    if parts.html is None:
        return ""
    html_content.check_tags(parts.html.source)
    pieces = plain_fields.pieces(parts.html)
    if pieces is None or not any(isinstance(piece, str) and piece.strip() for piece in pieces):
        return None  # one that may come out empty is not edited at all
    document = words.standing_in(pieces)
    if not words.are_settled(document, track_clicks=parts.track_clicks):
        return None
    preheader = parts.preheader.source.strip()
    if "{{" in preheader or "{%" in preheader:
        preheader = words.word(Field(PREHEADER))
    return html_content.add_preheader(document, preheader) if preheader else document


def _click_field(number: int) -> str:
    """The merge field that holds the tracked address of the link at `number`, from 1."""
    return f"click_url_{number}"


def _edited(words: "_StandIns", document: str, parts: Parts, targets: Sequence[str]) -> str:
    numbers = {target: number for number, target in enumerate(targets, start=1)}
    if parts.postal_address is not None:
        way_out = words.word(Field(WAY_OUT))
        document = html_content.add_footer(document, postal_address=parts.postal_address, unsubscribe_url=way_out)
    if parts.track_clicks:
        document = html_content.replace_links(document, lambda url: words.word(Field(_click_field(numbers[url]))))
    return html_content.add_pixel(document, words.word(Field(OPEN_URL))) if parts.track_opens else document


def _text(body: Pieces, parts: Parts) -> Template | None:
    if parts.postal_address is None:
        return parts.text or _template(body, html=False)
    source = parts.text.source if parts.text else _source(body)
    address = parts.postal_address
    source = text_content.add_footer(source, postal_address=address, unsubscribe_url=f"{{{{ {WAY_OUT} }}}}")
    return _checked(source, [*_fields(body), Field(WAY_OUT)], html=False)


def _template(pieces: Pieces, *, html: bool) -> Template | None:
    return _checked(_source(pieces), _fields(pieces), html=html)


def _checked(source: str, fields: list[Field], *, html: bool) -> Template | None:
    """The template; None where words of `source` read as Liquid, which they were not meant to be."""
    template = templating.compile(source, html=html)
    found = plain_fields.pieces(template)
    return template if found is not None and _fields(found) == fields else None


def _source(pieces: Pieces) -> str:
    return "".join(_liquid(piece) if isinstance(piece, Field) else piece for piece in pieces)


def _liquid(one: Field) -> str:
    if one.fallback is None:
        return f"{{{{ {one.name} }}}}"
    quote = "'" if '"' in one.fallback else '"'
    return f"{{{{ {one.name} | default: {quote}{one.fallback}{quote} }}}}"


def _fields(pieces: Pieces) -> list[Field]:
    return [piece for piece in pieces if isinstance(piece, Field)]


def _last(body: Pieces) -> Field | None:
    """The field that a body ends with, blanks aside."""
    filled = [piece for piece in body if isinstance(piece, Field) or piece.strip()]
    return filled[-1] if filled and isinstance(filled[-1], Field) else None


@dataclass(slots=True)
class _StandIns:
    """Words that stand for fields in an HTML text, and the way back."""

    avoid: str
    mark: str = "lq"
    fields: list[Field] = field(default_factory=list)

    def standing_in(self, pieces: Pieces) -> str:
        """The text with a word for each field."""
        texts = (self.avoid + "".join(piece for piece in pieces if isinstance(piece, str))).lower()
        while self.mark in texts:
            self.mark += "q"
        return "".join(self.word(piece) if isinstance(piece, Field) else piece for piece in pieces)

    def word(self, one: Field) -> str:
        """A new word, standing for `one`."""
        self.fields.append(one)
        return f"{self.mark}{len(self.fields) - 1}e"

    def pieces(self, document: str) -> list[str | Field]:
        """Text and fields by turns."""
        found = re.split(rf"{self.mark}(\d+)e", document)
        return [self.fields[int(piece)] if place % 2 else piece for place, piece in enumerate(found)]

    def are_settled(self, document: str, *, track_clicks: bool) -> bool:
        """Whether no value can move a tag, and none of them makes or changes a link that is to be tracked."""
        if any(set(one.fallback or "") & set("<>&") for one in self.fields):
            return False  # a fallback is not escaped: it may be markup
        position = 0
        for tag in tags(document):
            if not self._is_open(document[position : tag.start]) or not self._is_closed(tag, document, track_clicks):
                return False
            position = tag.end
        return self._is_open(document[position:])

    def _is_open(self, between: str) -> bool:
        return self.mark not in between or "<" not in between  # a "<" may begin a comment, which a value could end

    def _is_closed(self, tag: Tag, document: str, track_clicks: bool) -> bool:
        """Whether all fields in `tag` stand in quoted attributes, and none in the address of a link to be tracked."""
        held = 0
        for attribute in tag.attributes:
            if self.mark not in attribute.value:
                continue
            inside = _fields(self.pieces(attribute.value))
            held += len(inside)
            is_quoted = document[attribute.start] in _QUOTES and not any(
                set(one.fallback or "") & _QUOTES for one in inside
            )
            is_link = track_clicks and tag.name in _LINKING and attribute.name == "href"
            if not is_quoted or (is_link and not self._is_untracked(attribute.value)):
                return False
        return held == document.count(self.mark, tag.start, tag.end)

    def _is_untracked(self, target: str) -> bool:
        before, *fields, behind = self.pieces(target.strip())
        is_way_out = not before and not behind and [one.name for one in _fields(fields)] == [WAY_OUT]
        return is_way_out or _NEVER_TRACKED.match(target) is not None
