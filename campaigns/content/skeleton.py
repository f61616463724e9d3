"""The fast producer: bodies encoded once in quoted-printable, with slots between soft line breaks for the values.

A value goes into its slot as it is, or encoded by itself; lines stay within 76 characters either way, and none begins
with a dot, so that DATA takes the mail as it is (`WireForm`). Where a mail's values would make it differ from what
`Encoded` makes of them (blanks that HTML folds, say), or a value is missing, `Encoded` makes that mail, or says what is
wrong with it.
"""

import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
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
from campaigns.content.production import Design, Encoded, Particulars, Producer
from campaigns.content.text_fields import is_address, is_tame, text_pieces
from campaigns.delivery.base import WireForm

MAX_FIELDS = 200  # places for values in one body, and ...
MAX_VALUE = 500  # ... characters in each: together they stay below every limit the template engine sets
SOFT_BREAK = b"=\r\n"
LINE = 76  # RFC 2045 6.7, the soft break included
# What needs no encoding and fits on a line of its own: no "=", no blank at an end, no dot in front.
_AS_IT_IS = re.compile(r"[!-\-/-<>-~](?:[ -<>-~]{0,68}[!-<>-~])?")
# The same, and nothing that is escaped in HTML, or that a text part made from it needs a look at (`is_tame`).
_PLAIN_HTML = re.compile(r"[!#-%(-\-/-;?-~](?:[ !#-%(-;?-~]{0,68}[!#-%(-;?-~])?")
_PLAIN_WORDS = re.compile(r"(?=.{1,70}\Z)[!-\-0-<>-~][!-.0-<>-~]*(?: [!-.0-<>-~]+)*")
_PLAIN_ADDRESS = re.compile(r"(?=.{1,70}\Z)https?://[!-.0-<>-~]+/[!-<>-~]+")
_date_line = lru_cache(maxsize=8)(date_line)  # a whole chunk is made at one moment

Pieces = Sequence[str | Field]


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where one field's value goes in one body."""

    field: Field
    is_html: bool
    must_be_tame: bool
    places: tuple[int, ...]
    as_it_is: re.Pattern[str]  # values that need no look at anything else: nearly all


def producer_for(design: Design) -> Producer:
    """The fastest producer that makes the mails of `design`."""
    subject = plain_fields.pieces(design.subject)
    html = plain_fields.pieces(design.html) if design.html else [""]
    if subject is None or html is None or (len(subject) == 1 and not _words(subject).strip()):
        return Encoded(design)
    text = plain_fields.pieces(design.text) if design.text else text_pieces(html)
    if text is None or not (_suits(html) and _suits(text)) or not (_words(html) or _words(text)):
        return Encoded(design)
    return Slotted(design, subject=subject, html=html, text=text)


class Slotted:
    """Fills values into bodies that were encoded beforehand; see the module."""

    def __init__(self, design: Design, *, subject: Pieces, html: Pieces, text: Pieces):
        self._encoded = Encoded(design)
        self._subject = subject
        self._words = "" if len(subject) > 1 else " ".join(_words(subject).split())
        self._constant_subject = text_line("Subject", self._words) if self._words else b""
        self._from = mailbox_line("From", design.sender)
        self._reply_to = mailbox_line("Reply-To", design.reply_to) if design.reply_to else b""
        self._list_id = design.list_id
        self._headers = b"".join(custom_lines(design.headers))
        self._parts: list[bytes] = []
        self._slots: list[_Slot] = []
        self._lay_out(html, text, is_text_made=design.text is None)
        self._parts = [_undotted(part) for part in self._parts]

    def subject(self, values: Mapping[str, str]) -> str:
        """See Producer."""
        return self._words or _subject(self._subject, values) or self._encoded.subject(values)

    def produce(self, mail: Particulars) -> bytes:
        """See Producer."""
        subject = self._constant_subject or _subject_line(_subject(self._subject, mail.values))
        parts = self._filled(mail.values) if subject else None
        if subject is None or parts is None:
            return self._encoded.produce(mail)
        head = (
            self._from,
            mailbox_line("To", mail.recipient),
            subject,
            _date_line(mail.date),
            message_id_line(mail.message_id),
            self._reply_to,
            *thread_lines(mail.in_reply_to, mail.references),
            *list_lines(mail.unsubscribe_url, mail.unsubscribe_mailto, self._list_id),
            self._headers,
        )
        return WireForm(b"".join((*head, *parts)))

    def _filled(self, values: Mapping[str, str]) -> list[bytes] | None:
        """The content with the values in it; None where the mail is better made by `Encoded`."""
        parts = self._parts.copy()
        for slot in self._slots:
            value = values.get(slot.field.name, "")
            encoded = value.encode() if slot.as_it_is.fullmatch(value) else _encoded(slot, values)
            if encoded is None:
                return None
            for place in slot.places:
                parts[place] = encoded
        return parts

    def _lay_out(self, html: Pieces, text: Pieces, *, is_text_made: bool) -> None:
        bodies = [("plain", text, is_text_made), ("html", html, False)]
        bodies = [body for body in bodies if _words(body[1])]
        # "=_" occurs in no quoted-printable text, so the boundary cannot occur in a part.
        boundary = f"=_{hashlib.sha256(_words(html).encode() + _words(text).encode()).hexdigest()[:32]}"
        opening = "MIME-Version: 1.0\r\n"
        if len(bodies) > 1:
            opening += f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
        self._parts.append(opening.encode())
        for kind, pieces, must_be_tame in bodies:
            delimiter = f"--{boundary}\r\n" if len(bodies) > 1 else ""
            head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            self._parts.append((delimiter + head).encode())
            self._add_body(pieces, is_html=kind == "html", must_be_tame=must_be_tame)
            self._parts.append(b"\r\n" if len(bodies) > 1 else line_end_after(self._parts[-1]))
        if len(bodies) > 1:
            self._parts.append(f"--{boundary}--\r\n".encode())

    def _add_body(self, pieces: Pieces, *, is_html: bool, must_be_tame: bool) -> None:
        places: dict[Field, list[int]] = {}
        for piece in pieces:
            if isinstance(piece, Field):
                self._parts[-1] = _closed(self._parts[-1])
                places.setdefault(piece, []).append(len(self._parts))
                self._parts += [b"", SOFT_BREAK]
            else:
                self._parts.append(_quoted_printable(piece))
        self._slots += [
            _Slot(field, is_html, must_be_tame, tuple(found), _as_it_is(field, is_html, must_be_tame))
            for field, found in places.items()
        ]


def _subject(pieces: Pieces, values: Mapping[str, str]) -> str:
    """The subject as one line; empty where `Encoded` has to look at it, or refuses it for want of a word."""
    words = [_value(piece, values) if isinstance(piece, Field) else piece for piece in pieces]
    return "" if None in words else " ".join("".join(word for word in words if word).split())


def _subject_line(subject: str) -> bytes | None:
    return text_line("Subject", subject) if subject else None


def _value(field: Field, values: Mapping[str, str], *, is_html: bool = False) -> str | None:
    """What is shown for a field; None where `Encoded` has to look at it."""
    value = values.get(field.name, "")
    if not value.strip():
        return field.fallback  # which the engine has escaped already
    if len(value) > MAX_VALUE or "\r" in value:
        return None
    return str(escape(value)) if is_html else value


def _as_it_is(field: Field, is_html: bool, must_be_tame: bool) -> re.Pattern[str]:
    if is_html:
        return _PLAIN_HTML
    if must_be_tame:
        return _PLAIN_ADDRESS if is_address(field) else _PLAIN_WORDS
    return _AS_IT_IS


def _encoded(slot: _Slot, values: Mapping[str, str]) -> bytes | None:
    """What goes into a slot; None where `Encoded` has to make the mail."""
    value = _value(slot.field, values, is_html=slot.is_html)
    if value is None or (slot.must_be_tame and not is_tame(slot.field, value)):
        return None
    return value.encode() if _AS_IT_IS.fullmatch(value) else _slot_bytes(value)


def _slot_bytes(value: str) -> bytes | None:
    try:
        encoded = _quoted_printable(value)
    except UnicodeEncodeError:
        return None
    encoded = _closed(b"=2E" + encoded[1:] if encoded.startswith(b".") else encoded).removesuffix(SOFT_BREAK)
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
