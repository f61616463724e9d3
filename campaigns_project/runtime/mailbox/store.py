"""Reading the local mailbox: newest first, headers only where headers will do."""

import email
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from pathlib import Path

HEADERS_READ = 8 * 1024  # bytes looked at for a list; headers longer than that are cut off there
KEY = re.compile(r"[0-9]{9,11}\.[A-Za-z0-9_.\\-]{1,230}")  # as the Maildir format makes them
END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
FOLD = re.compile(rb"\r?\n[ \t]+")
SHOWN = {b"x-envelope-to", b"from", b"to", b"subject"}


@dataclass(frozen=True)
class Summary:
    """One line of the list. `received_at` is when the mailbox took the mail."""

    key: str
    received_at: datetime
    mail_from: str
    rcpt_to: str
    subject: str


@dataclass(frozen=True)
class Page:
    """`mails` of page `number` (from 1) of `pages`; `total` mails match."""

    mails: list[Summary]
    number: int
    pages: int
    total: int


@dataclass(frozen=True)
class Mail:
    """One mail as it came. `html` and `text` are empty where it has no such part."""

    summary: Summary
    headers: list[tuple[str, str]]
    html: str
    text: str
    raw: bytes


class MailStore:
    """A Maildir read from outside, while others write to it. A mail that vanishes meanwhile is left out."""

    def __init__(self, folder: Path):
        self.folder = folder

    def count(self) -> int:
        """How many mails there are."""
        return len(self._keys())

    def page(self, number: int = 1, size: int = 50, query: str = "") -> Page:
        """The newest first. `query` is looked for in addresses and subject, whatever its case; empty finds all.

        A page outside the range gives the nearest one there is.
        """
        found = self._search(query) if query.strip() else self._keys()
        pages = max(1, -(-len(found) // size))
        number = min(max(number, 1), pages)
        summaries = (self._summary(key) for key in found[(number - 1) * size : number * size])
        return Page([summary for summary in summaries if summary], number, pages, len(found))

    def get(self, key: str) -> Mail | None:
        """The whole mail; None where there is none of that key (or what was asked for is no key at all)."""
        raw = self._read(key)
        summary = self._summary(key)
        if raw is None or summary is None:
            return None
        message = email.message_from_bytes(raw, policy=SMTP)
        return Mail(summary, _headers(raw), _part(message, "html"), _part(message, "plain"), raw)

    def iter_messages(self) -> Iterator[tuple[str, bytes]]:
        """Key and raw bytes of every mail, the oldest first."""
        for key in reversed(self._keys()):
            raw = self._read(key)
            if raw is not None:
                yield key, raw

    def remove_to(self, addresses: frozenset[str]) -> int:
        """Remove every mail to one of these addresses (in small letters); returns how many there were."""
        gone = 0
        for key in self._keys():
            summary = self._summary(key)
            if summary is not None and summary.rcpt_to.lower() in addresses:
                gone += self._remove(key)
        return gone

    def _remove(self, key: str) -> bool:
        """False when somebody else has removed it."""
        for name in (f"new/{key}", f"cur/{key}", *_flagged(self.folder, key)):
            try:
                (self.folder / name).unlink()
            except FileNotFoundError:
                continue
            return True
        return False

    def _keys(self) -> list[str]:
        """Keys sort by the time of arrival. Other readers may have moved mails to `cur`, with flags after a colon."""
        names = (name.split(":", 1)[0] for box in ("new", "cur") for name in _names(self.folder / box))
        return sorted((name for name in names if KEY.fullmatch(name)), reverse=True)

    def _search(self, query: str) -> list[str]:
        wanted = query.strip().casefold()
        return [key for key in self._keys() if (line := self._summary(key)) and wanted in _searchable(line)]

    def _summary(self, key: str) -> Summary | None:
        return _summary(self.folder, key)

    def _read(self, key: str, limit: int = -1) -> bytes | None:
        return _read(self.folder, key, limit)


@lru_cache(maxsize=100_000)  # a mail never changes; some 600 bytes each, and only what a search went through
def _summary(folder: Path, key: str) -> Summary | None:
    head = _read(folder, key, HEADERS_READ)
    if head is None:
        return None
    found = dict(reversed(list(_header_lines(head, SHOWN))))  # of two with one name the first counts: ours are in front
    return Summary(
        key=key,
        received_at=_received_at(key),
        mail_from=_decoded(found.get(b"from", b"")),
        rcpt_to=_decoded(found.get(b"x-envelope-to", found.get(b"to", b""))),
        subject=_decoded(found.get(b"subject", b"")),
    )


def _read(folder: Path, key: str, limit: int) -> bytes | None:
    if not KEY.fullmatch(key):  # in particular no slash: a key comes from an address bar
        return None
    for name in itertools.chain((f"new/{key}", f"cur/{key}"), _flagged(folder, key)):
        try:
            with open(f"{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - fifty thousand times in a search
                return file.read(limit)
        except FileNotFoundError:
            continue
    return None


def _flagged(folder: Path, key: str) -> Iterator[str]:
    yield from (f"cur/{name}" for name in _names(folder / "cur") if name.startswith(f"{key}:"))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are wanted, and a path object each takes ten times as long
    except FileNotFoundError:
        return []  # the mailbox has not run yet


def _received_at(key: str) -> datetime:
    return datetime.fromtimestamp(int(key.split(".", 1)[0]), tz=UTC)


def _searchable(line: Summary) -> str:
    return f"{line.mail_from}\n{line.rcpt_to}\n{line.subject}".casefold()


def _header_lines(raw: bytes, wanted: set[bytes] | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Name (lower case) and unfolded value of each header line; of two with one name, both."""
    end = END_OF_HEADERS.search(raw)
    for line in FOLD.sub(b" ", raw[: end.start()] if end else raw).splitlines():
        name, colon, value = line.partition(b":")
        if colon and (wanted is None or name.lower() in wanted):
            yield name.lower() if wanted else name, value.strip()


def _decoded(value: bytes) -> str:
    """A header as people read it. Broken encodings are shown as they came: this is where one comes to see them."""
    text = value.decode("utf-8", "replace")
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


def _headers(raw: bytes) -> list[tuple[str, str]]:
    return [(name.decode("ascii", "replace"), _decoded(value)) for name, value in _header_lines(raw)]


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a character set nobody knows
        return payload.decode("utf-8", "replace")
