"""The bytes of one mail (RFC 5322, MIME), ready for SMTP: CRLF line ends, ASCII but for addresses that are not.

The same values always give the same bytes, so that a mail can be shown again exactly as it went out. No `Precedence`
and no `Auto-Submitted`: an outreach mail is written by a person in their own name and wants an answer, and both make
mailbox rules and ticket systems drop it. That it is sent in quantity is said by List-Id and List-Unsubscribe.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime

from campaigns.content.errors import BodyRefused, HeaderRefused
from campaigns.content.headers import clean, mailbox_line, text_line, tokens_line
from campaigns.content.mailbox import Mailbox

READABLE_GROWTH = 1.7  # Latin scripts stay below it in quoted-printable; Cyrillic or Chinese triple
# What build() writes itself, and what would change how or to whom the mail goes.
RESERVED = frozenset(
    {"from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "in-reply-to", "references"}
    | {"return-path", "received", "list-unsubscribe", "list-unsubscribe-post", "list-id"}
)
RESERVED_PREFIXES = ("content-", "mime-", "resent-")
_ONE_CLICK = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
# As the engine makes them: nothing in them has to be looked at more closely.
_OUR_ID = re.compile(r"<[a-z0-9.-]{1,300}@[a-z0-9.-]{1,300}>")
_OUR_WAY = re.compile(r"https?://[A-Za-z0-9./_:-]{1,900}")


def build(
    *,
    sender: Mailbox,
    recipient: Mailbox,
    subject: str,
    message_id: str,
    date: datetime,
    html: str = "",
    text: str = "",
    reply_to: Mailbox | None = None,
    unsubscribe_url: str = "",
    unsubscribe_mailto: str = "",
    list_id: str = "",
    in_reply_to: str = "",
    references: Sequence[str] = (),
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """The mail as bytes; with both bodies multipart/alternative, with one a single part.

    `date` must be aware. `message_id`, `in_reply_to` and `references` carry their angle brackets. With
    `unsubscribe_url` (https; http only in a sandbox) come List-Unsubscribe and one-click List-Unsubscribe-Post
    (RFC 8058). `headers` are more free-text headers; names that build() owns are refused.
    HeaderRefused or BodyRefused name the field at fault; nothing is ever dropped or repaired in silence.
    """
    lines = [
        mailbox_line("From", sender),
        mailbox_line("To", recipient),
        text_line("Subject", subject),
        date_line(date),
        message_id_line(message_id),
    ]
    if reply_to:
        lines += [mailbox_line("Reply-To", reply_to)]
    lines += [thread_lines(in_reply_to, references), list_lines(unsubscribe_url, unsubscribe_mailto, list_id)]
    lines += custom_lines(headers)
    return b"".join([*lines, b"MIME-Version: 1.0\r\n", *_content(html, text, seed=message_id)])


def date_line(date: datetime) -> bytes:
    """The Date header; `date` must be aware."""
    if date.tzinfo is None:
        raise ValueError("the date of a mail must say its time zone")
    return b"Date: " + format_datetime(date).encode() + b"\r\n"


def message_id_line(message_id: str) -> bytes:
    """The Message-ID header; `message_id` with its angle brackets."""
    if _OUR_ID.fullmatch(message_id):
        return f"Message-ID: {message_id}\r\n".encode()  # what comes of the following
    return tokens_line("Message-ID", [_bracketed("Message-ID", message_id)])


def _bracketed(field: str, value: str) -> str:
    clean(field, value)
    inner = value[1:-1]
    if value[:1] != "<" or value[-1:] != ">" or inner.count("@") != 1 or set(inner) & set("<> "):
        raise HeaderRefused(field, f"{value[:80]!a} is not a message id", "Write it as <name@example.com>.")
    return value


def thread_lines(in_reply_to: str, references: Sequence[str]) -> bytes:
    """What ties a mail to those before it, where there are any."""
    lines = b""
    if in_reply_to:
        lines += tokens_line("In-Reply-To", [_bracketed("In-Reply-To", in_reply_to)])
    if references:
        lines += tokens_line("References", [_bracketed("References", value) for value in references])
    return lines


def list_lines(unsubscribe_url: str, unsubscribe_mailto: str, list_id: str) -> bytes:
    """The ways out (RFC 2369, RFC 8058) and the list's name, where they are given."""
    if not unsubscribe_mailto and not list_id and _OUR_WAY.fullmatch(unsubscribe_url):
        return f"List-Unsubscribe: <{unsubscribe_url}>\r\n{_ONE_CLICK}".encode()  # what comes of the following
    lines = b""
    ways = [f"<{_way('https://', unsubscribe_url)}>"] if unsubscribe_url else []
    ways += [f"<{_way('mailto:', unsubscribe_mailto)}>"] if unsubscribe_mailto else []
    if ways:
        separated = [f"{way}," for way in ways[:-1]] + ways[-1:]
        lines += tokens_line("List-Unsubscribe", separated)
    if unsubscribe_url:
        lines += _ONE_CLICK.encode()
    if list_id:
        lines += tokens_line("List-Id", [f"<{list_id.strip('<>')}>"])
    return lines


def custom_lines(headers: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """More free-text headers; HeaderRefused for a name that build() owns."""
    for name, value in headers:
        yield text_line(_allowed(name), value)


def _way(scheme: str, value: str) -> str:
    clean("List-Unsubscribe", value)
    starts = (scheme, "http://") if scheme == "https://" else (scheme,)
    if not value.startswith(starts) or set(value) & set("<>, "):
        raise HeaderRefused("List-Unsubscribe", f"{value[:80]!a} is not a {scheme} address that can stand there")
    return value


def _allowed(name: str) -> str:
    lowered = clean(name, name).lower()
    if lowered in RESERVED or lowered.startswith(RESERVED_PREFIXES):
        hint = "The mail gets it from its sender, recipient and content."
        raise HeaderRefused(name, "it cannot be set by hand", hint)
    return name


def _content(html: str, text: str, *, seed: str) -> list[bytes]:
    if not html.strip() and not text.strip():
        raise BodyRefused("text", "and the HTML body are both empty", "Write at least one of them.")
    parts = [_part(kind, body) for kind, body in (("plain", text), ("html", html)) if body.strip()]
    if len(parts) == 1:
        return [*parts, line_end_after(parts[0])]
    # "=_" occurs in no quoted-printable and no base64 text, so the boundary cannot occur in a part.
    boundary = f"=_{hashlib.sha256(seed.encode()).hexdigest()[:32]}".encode()
    opening = b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n\r\n'
    delimited = [b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts]
    return [opening, *delimited, b"--" + boundary + b"--\r\n"]


def line_end_after(body: bytes) -> bytes:
    """What ends the last line of a mail of one part; a soft line break (RFC 2045 6.7) does not."""
    return b"" if body.endswith(b"\r\n") and not body.endswith(b"=\r\n") else b"\r\n"


def _part(kind: str, body: str) -> bytes:
    """Headers and body of one part, encoded in quoted-printable, or in base64 where that would grow too much.

    A short text stays quoted-printable, which people can read in the source. Never 7bit or 8bit: no relay has a
    reason to touch an encoded line, whatever its length or its trailing blanks.
    """
    try:
        raw = body.replace("\r\n", "\n").replace("\r", "\n").encode()
    except UnicodeEncodeError as error:
        field = "html" if kind == "html" else "text"
        raise BodyRefused(field, "holds half a character (a lone surrogate)", "Paste the text again.") from error
    # Encoded with \n and turned to CRLF after it: b2a_qp breaks long lines with whichever line end it met first.
    encoding, encoded = b"quoted-printable", binascii.b2a_qp(raw, istext=True).replace(b"\n", b"\r\n")
    if len(encoded) > len(raw) * READABLE_GROWTH + 100:
        canonical = raw.replace(b"\n", b"\r\n")  # RFC 2045 6.8
        encoding, encoded = b"base64", base64.encodebytes(canonical).strip().replace(b"\n", b"\r\n")
    head = b"Content-Type: text/" + kind.encode() + b"; charset=utf-8\r\nContent-Transfer-Encoding: " + encoding
    return head + b"\r\n\r\n" + encoded
