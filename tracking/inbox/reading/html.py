"""The text of an HTML mail, without what it quotes.

A scanner of our own that looks at each character once: the standard library's parser is slow on pages made to be.
"""

import html as entities
import re
from dataclasses import dataclass, field

MAX_CHARACTERS = 300_000
MAX_DEPTH = 200
_ELEMENT = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME = re.compile(r"</?([a-zA-Z][\w:-]{0,30})")
_LONG_NUMBER = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")  # no character, and too long to be read as a number
_SPACE = re.compile(r"[\t\n\r\f ]+")
_UNSEEN = frozenset({"style", "script", "head", "title", "template", "noscript"})
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "source"})
_BLOCKS = frozenset(
    (
        *("p", "div", "tr", "table", "li", "ul", "ol", "dl", "dt", "dd", "blockquote", "pre", "address"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer", "center", "form"),
    )
)
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol"})
# What mail programs put the quoted mail, or what leads to it, into.
_QUOTES = re.compile(
    r"gmail_quote|gmail_attr|yahoo_quoted|yahoo-quoted|moz-cite-prefix|moz-forward-container|protonmail_quote|"
    r"zmail_extra|"
    r"outlookmessageheader|olk_src_body_section|mail-editor-reference-message|quoted-message|hmquote|"
    r"quote-?(?:header|body|container)|cite-?prefix|tutanota_quote|quotedtext|ydp\w{1,20}yahoo_quoted",
    re.IGNORECASE,
)
_SIGNATURES = re.compile(
    r"gmail_signature|moz-signature|protonmail_signature_block|ms-outlook-mobile-signature|applemailsignature|"
    r"yahoo_signature|ydp\w{1,20}signature|mobile_signature|(?:^|[\"'\s=])signature[\"'\s]",
    re.IGNORECASE,
)
# From here on all is the quoted mail.
_ENDS = re.compile(
    r"divrplyfwdmsg|appendonsend|x_divrplyfwdmsg|mail-editor-reference|stopspelling|\b_mailendcompose_quoted",
    re.IGNORECASE,
)
_LABELS = re.compile(
    r"\b(?:class|id|name|type)\s*=\s*(?:\"[^\"]{0,300}\"|'[^']{0,300}'|[^\s\"'>]{1,300})", re.IGNORECASE
)


# Where a line ends: after a block if anything stands on it, with an empty line after it, in any case.
_BLOCK, _PARAGRAPH, _BREAK = "\x01", "\x02", "\n"
MAX_TAG = 4_000


@dataclass(slots=True)
class _Page:
    """What has been read of a page, and which of the open elements hides what is in it."""

    page: str
    lowered: str
    with_quotes: bool
    pieces: list[str] = field(default_factory=list)
    open: list[tuple[str, bool]] = field(default_factory=list)
    hidden: int = 0
    as_written: int = 0  # how many open elements keep the lines of their text
    missing: set[str] = field(default_factory=set)  # what was looked for once and does not come any more

    def write(self, text: str) -> None:
        if not self.hidden:
            self.pieces.append(text)

    def find(self, what: str, place: int) -> int:
        """As str.find, but no second look where there was nothing, which would make a long page slow."""
        found = -1 if what in self.missing else self.lowered.find(what, place)
        if found < 0:
            self.missing.add(what)
        return found


def text_of(page: str, *, with_quotes: bool = False) -> str:
    """What a person reads, one line for each block; quoted mails and signatures left out unless asked for."""
    page = page[:MAX_CHARACTERS].replace(_BLOCK, "").replace(_PARAGRAPH, "")
    lowered = page.lower()
    # In a few scripts the small letters of a letter are two; then nothing is found by place.
    read = _Page(page, lowered if len(lowered) == len(page) else page, with_quotes)
    place = 0
    while 0 <= place < len(page):
        begins = _ELEMENT.search(page, place)
        _write(read, page[place : begins.start() if begins else len(page)])
        place = _element(read, begins.start()) if begins else -1
    return _tidy("".join(read.pieces))


def _element(read: _Page, begins: int) -> int:
    """Take what begins with `<`; where to go on, -1 where the rest is the quoted mail."""
    page = read.page
    if page.startswith("<!--", begins):
        ends = read.find("-->", begins)
        return ends + 3 if ends >= 0 else begins + 4
    found = _NAME.match(page, begins)
    ends = read.find(">", begins)
    if ends < 0 or not found:
        return ends + 1 if ends >= 0 else begins + 1
    name, is_end = found.group(1).lower(), page[begins + 1] == "/"
    attributes = page[found.end() : min(ends, found.end() + MAX_TAG)]
    if name in _UNSEEN and not is_end:
        closed = read.find(f"</{name}", ends)
        return closed if closed >= 0 else ends + 1
    labels = " ".join(_LABELS.findall(attributes)) if "=" in attributes else ""
    if not (read.with_quotes or is_end or read.hidden) and _ENDS.search(labels):
        return -1
    _tag(read, name, labels, is_end=is_end, is_closed=attributes.endswith("/"))
    return ends + 1


def _tag(read: _Page, name: str, labels: str, *, is_end: bool, is_closed: bool) -> None:
    if name == "br":
        read.write(_BREAK)
    elif name == "hr":
        read.write(f"{_BLOCK}-----{_BLOCK}")
    elif name in _BLOCKS:
        read.write(_PARAGRAPH if name in _SPACED else _BLOCK)
    elif name in ("td", "th"):
        read.write(" ")
    if name in _VOID or is_closed:
        return
    if is_end:
        _close(read, name)
    elif len(read.open) < MAX_DEPTH:
        is_quote = bool(_QUOTES.search(labels) or _SIGNATURES.search(labels))
        is_quote = is_quote or (name == "blockquote" and "cite" in labels.lower())
        hides = is_quote and not read.with_quotes
        read.open.append((name, hides))
        read.hidden += hides
        read.as_written += name == "pre"


def _close(read: _Page, name: str) -> None:
    """Close the innermost element of that name, and what was left open in it."""
    place = next((at for at in range(len(read.open) - 1, -1, -1) if read.open[at][0] == name), -1)
    if place >= 0:
        read.hidden -= sum(hides for _, hides in read.open[place:])
        read.as_written -= sum(inner == "pre" for inner, _ in read.open[place:])
        del read.open[place:]


def _write(read: _Page, text: str) -> None:
    if text and not read.hidden:
        plain = entities.unescape(_LONG_NUMBER.sub("", text))
        read.write(plain if read.as_written else _SPACE.sub(" ", plain))


def _tidy(text: str) -> str:
    """Lines without space around them, one empty line between them at most."""
    lines: list[str] = []
    line = ""
    for piece in re.split(f"([{_BLOCK}{_PARAGRAPH}{_BREAK}])", text):
        if piece not in (_BLOCK, _PARAGRAPH, _BREAK):
            line += piece
            continue
        bare, line = line.strip(" \xa0"), ""
        if bare or piece == _BREAK:
            lines.append(bare)
        if piece == _PARAGRAPH and lines and lines[-1]:
            lines.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join([*lines, line.strip(" \xa0")])).strip()
