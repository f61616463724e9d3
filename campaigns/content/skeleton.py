"""The fast producer: bodies encoded once in quoted-printable, with slots between soft line breaks for the values.

A value goes into its slot as it is, or encoded by itself; lines stay within 76 characters either way, and none begins
with a dot, so that DATA takes the mail as it is (`WireForm`). Where a mail's values would make it differ from what
`Encoded` makes of them (blanks that HTML folds, say), or a value is missing, `Encoded` makes that mail, or says what is
wrong with it.
"""

import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import escape

from campaigns.content import plain_fields
from campaigns.content.headers import mailbox_line, text_line
from campaigns.content.message import (
    READABLE_GROWTH,
    custom_lines,
    date_line,
    line_end_after,
    list_lines,
    message_id_line,
    thread_lines,
)
from campaigns.content.plain_fields import Field
from campaigns.content.production import Design, Encoded, Made, Particulars, Producer
from campaigns.content.templating import Template
from campaigns.content.text_fields import is_address, is_tame
from campaigns.content.text_fields import text_pieces as made_from_html
from campaigns.delivery.base import WireForm

MAX_FIELDS = 200  # places for values in one body, and ...
MAX_VALUE = 500  # ... characters in each: together they stay below every limit the template engine sets
SOFT_BREAK = b"=\r\n"
LINE = 76  # RFC 2045 6.7, the soft break included
ROOM = 70  # a value of so many characters surely has room on a line of its own, ...
# ... and needs no encoding if it looks like this: no "=", no blank at an end, no dot in front.
_AS_IT_IS = re.compile(r"[!-\-/-<>-~](?:[ -<>-~]*[!-<>-~])?")
# The same, and nothing that is escaped in HTML: nearly all values. The other two are tame besides (`is_tame`).
_PLAIN = re.compile(r"[!#-%(-\-/-;?-~](?:[ !#-%(-;?-~]*[!#-%(-;?-~])?")
_PLAIN_WORDS = re.compile(r"[!#-%(-\-0-;?-~][!#-%(-.0-;?-~]*(?: [!#-%(-.0-;?-~]+)*")
_PLAIN_ADDRESS = re.compile(r"https?://[!#-%(-.0-;?-~]+/[!#-%(-;?-~]+")
_date_line = lru_cache(maxsize=8)(date_line)  # a whole chunk is made at one moment

Pieces = Sequence[str | Field]


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where one field's value goes in the bodies."""

    field: Field
    must_be_tame: bool
    is_plain: Callable[[str], object]  # true for values that go everywhere as they are
    in_text: tuple[int, ...]
    in_html: tuple[int, ...]
    places: tuple[int, ...]  # both


def producer_for(design: Design) -> Producer:
    """The fastest producer that makes the mails of `design`."""
    skeleton = _skeleton(design.subject, design.html, design.text, design.tame)
    return Slotted(design, skeleton) if skeleton else Encoded(design)


class Slotted:
    """Fills values into bodies that were encoded beforehand; see the module."""

    def __init__(self, design: Design, skeleton: "_Skeleton"):
        self._encoded = Encoded(design)
        self._skeleton = skeleton
        self._subject = text_line("Subject", skeleton.constant_subject) if skeleton.constant_subject else b""
        self._from = mailbox_line("From", design.sender)
        self._reply_to = mailbox_line("Reply-To", design.reply_to) if design.reply_to else b""
        self._list_id = design.list_id
        self._headers = b"".join(custom_lines(design.headers))

    def produce(self, mail: Particulars) -> Made:
        """See Producer."""
        subject = self._skeleton.subject(mail.values)
        parts = self._skeleton.filled(mail.values) if subject else None
        if parts is None:
            return self._encoded.produce(mail)
        parts[0] = b"".join(
            (
                self._from,
                mailbox_line("To", mail.recipient),
                self._subject or text_line("Subject", subject),
                _date_line(mail.date),
                message_id_line(mail.message_id),
                self._reply_to,
                thread_lines(mail.in_reply_to, mail.references),
                list_lines(mail.unsubscribe_url, mail.unsubscribe_mailto, self._list_id),
                self._headers,
            )
        )
        return Made(WireForm(b"".join(parts)), subject)


# One wording goes out by many senders, which only show in the headers.
@lru_cache(maxsize=128)
def _skeleton(
    subject: Template, html: Template | None, text: Template | None, tame: frozenset[Field]
) -> "_Skeleton | None":
    """The bodies with slots in them; None where a mail has to be encoded by itself."""
    subject_pieces = plain_fields.pieces(subject)
    html_pieces = plain_fields.pieces(html) if html else [""]
    if subject_pieces is None or html_pieces is None or (len(subject_pieces) == 1 and not _words(subject_pieces)):
        return None
    text_pieces = plain_fields.pieces(text) if text else made_from_html(html_pieces)
    if text_pieces is None or not (_suits(html_pieces) and _suits(text_pieces)):
        return None
    if not (_words(html_pieces) or _words(text_pieces)):
        return None
    if text is None:
        tame = frozenset(piece for piece in text_pieces if isinstance(piece, Field))
    return _Skeleton(subject_pieces, html_pieces, text_pieces, tame)


class _Skeleton:
    """Subject and bodies of a wording, whoever sends it."""

    def __init__(self, subject: Pieces, html: Pieces, text: Pieces, tame: frozenset[Field]):
        self._subject = subject
        self.constant_subject = "" if len(subject) > 1 else " ".join(_words(subject).split())
        # The first part is for the headers. Then constants and slots by turns, as they come.
        self._parts: list[bytes] = [b"", b""]
        self._places: dict[Field, tuple[list[int], list[int]]] = {}  # of text and HTML
        self._lay_out(html, text)
        self._slots = [
            _Slot(field, field in tame, _plain(field, tame).fullmatch, (*in_text,), (*in_html,), (*in_text, *in_html))
            for field, (in_text, in_html) in self._places.items()
        ]

    def subject(self, values: Mapping[str, str]) -> str:
        """The subject as one line; empty where `Encoded` has to look at it, or refuses it for want of a word."""
        if self.constant_subject:
            return self.constant_subject
        words = list[str]()
        for piece in self._subject:
            shown = _shown(piece, values.get(piece.name, "")) if isinstance(piece, Field) else piece
            if shown is None:
                return ""
            words.append(shown)
        return " ".join("".join(words).split())

    def filled(self, values: Mapping[str, str]) -> list[bytes] | None:
        """The content with the values in it, the first part free; None where the mail is better made by `Encoded`."""
        parts = self._parts.copy()
        for slot in self._slots:
            value = values.get(slot.field.name, "")
            if len(value) <= ROOM and slot.is_plain(value):
                encoded = value.encode()
                for place in slot.places:
                    parts[place] = encoded
            elif not _fill(parts, slot, value):
                return None
        return parts

    def _lay_out(self, html: Pieces, text: Pieces) -> None:
        bodies = [("plain", text), ("html", html)]
        bodies = [body for body in bodies if _words(body[1])]
        # "=_" occurs in no quoted-printable text, so the boundary cannot occur in a part.
        boundary = f"=_{hashlib.sha256(_words(html).encode() + _words(text).encode()).hexdigest()[:32]}"
        self._add(b"MIME-Version: 1.0\r\n")
        if len(bodies) > 1:
            self._add(f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode())
        for kind, pieces in bodies:
            delimiter = f"--{boundary}\r\n" if len(bodies) > 1 else ""
            head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            self._add((delimiter + head).encode())
            self._add_body(pieces, is_html=kind == "html")
            self._add(b"\r\n" if len(bodies) > 1 else line_end_after(self._parts[-1]))
        if len(bodies) > 1:
            self._add(f"--{boundary}--\r\n".encode())

    def _add(self, constant: bytes) -> None:
        """Put whole lines behind what stands there so far."""
        self._parts[-1] += _undotted(constant)

    def _add_body(self, pieces: Pieces, *, is_html: bool) -> None:
        for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
            if isinstance(piece, Field):
                self._places.setdefault(piece, ([], []))[is_html].append(len(self._parts))
                self._parts += [b"", SOFT_BREAK]
            else:
                encoded = _quoted_printable(piece)
                self._add(_closed(encoded) if isinstance(following, Field) else encoded)


def _shown(field: Field, value: str) -> str | None:
    """What is shown for a field; None where `Encoded` has to look at it."""
    if not value.strip():
        return field.fallback
    return None if len(value) > MAX_VALUE or "\r" in value else value


def _plain(field: Field, tame: frozenset[Field]) -> re.Pattern[str]:
    if field not in tame:
        return _PLAIN
    return _PLAIN_ADDRESS if is_address(field) else _PLAIN_WORDS


def _fill(parts: list[bytes], slot: _Slot, value: str) -> bool:
    """Put any value into its places; False where `Encoded` has to make the mail."""
    shown = _shown(slot.field, value)
    if shown is None or (slot.must_be_tame and not is_tame(slot.field, shown)):
        return False
    # The engine has escaped a fallback already.
    escaped = str(escape(shown)) if slot.in_html and shown is value else shown
    in_text = _encoded(shown)
    in_html = in_text if escaped == shown else _encoded(escaped)
    if in_text is None or in_html is None:
        return False
    for place in slot.in_text:
        parts[place] = in_text
    for place in slot.in_html:
        parts[place] = in_html
    return True


def _encoded(value: str) -> bytes | None:
    return value.encode() if len(value) <= ROOM and _AS_IT_IS.fullmatch(value) else _slot_bytes(value)


def _slot_bytes(value: str) -> bytes | None:
    try:
        encoded = _quoted_printable(value)
    except UnicodeEncodeError:
        return None
    first, end, rest = encoded.partition(b"\r\n")
    encoded = _closed(_undotted_line(first) + end + rest).removesuffix(SOFT_BREAK)
    return None if b"\n." in encoded else encoded


def _quoted_printable(text: str) -> bytes:
    raw = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    # Encoded with \n and turned to CRLF after it: b2a_qp breaks long lines with whichever line end it met first.
    return binascii.b2a_qp(raw, istext=True).replace(b"\n", b"\r\n")


def _closed(encoded: bytes) -> bytes:
    """`encoded` with a soft line break behind it, and one more before its end where that line would be too long."""
    if not encoded:
        return b""
    begin = encoded.rfind(b"\n") + 1
    if len(encoded) - begin < LINE:
        return encoded + SOFT_BREAK
    cut = encoded.rfind(b"=", len(encoded) - 5)  # =XX must stay whole, wherever the cut would meet it
    cut = cut if cut >= 0 else len(encoded) - 3
    return encoded[:cut] + SOFT_BREAK + encoded[cut:] + SOFT_BREAK


def _undotted(encoded: bytes) -> bytes:
    """`encoded`, whole lines of a body, with no dot at the beginning of one."""
    return b"\r\n".join(map(_undotted_line, encoded.split(b"\r\n")))


def _undotted_line(line: bytes) -> bytes:
    if not line.startswith(b"."):
        return line
    if len(line) + 2 <= LINE:
        return b"=2E" + line[1:]
    return b"=2E" + SOFT_BREAK + _undotted_line(line[1:])


def _suits(pieces: Pieces) -> bool:
    """Whether a body is fit for slots: fixed words in it, few enough fields, and readable in quoted-printable."""
    fields = sum(isinstance(piece, Field) for piece in pieces)
    words = _words(pieces)
    # A line end must not come half from the words and half from a value.
    if fields and (not words or any(isinstance(piece, str) and piece.endswith("\r") for piece in pieces)):
        return False
    raw = words.encode()
    return fields <= MAX_FIELDS and len(binascii.b2a_qp(raw, istext=True)) <= len(raw) * READABLE_GROWTH + 100


def _words(pieces: Pieces) -> str:
    """The fixed part of a body; empty where it is blank."""
    words = "".join(piece for piece in pieces if isinstance(piece, str))
    return words if words.strip() else ""
