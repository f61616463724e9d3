"""The parts of a mail, in bounded time and memory whatever the bytes are.

The standard library's parser looks at each line once for every level it is nested in, and runs out of stack before it
runs out of levels; hence one of our own, which reads less of MIME (RFC 2045) and forgives more.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tracking.inbox.reading.charsets import decoded, header_text, unpacked_base64

MAX_BYTES = 1_000_000  # of the mail, and of what its parts hold together at any one level
MAX_DEPTH = 8
MAX_PARTS = 60
MAX_HEADERS = 400
MAX_VALUE = 8_000  # characters of one header

_FIELD = re.compile(r"([!-9;-~]{1,100})[ \t]*:[ \t]*")
_PARAMETER = re.compile(r';\s{0,20}([\w*-]{1,40})\s{0,20}=\s{0,20}(?:"([^"]{0,400})"|([^\s;"]{1,400}))')
_BLANK = re.compile(rb"\n[ \t]*\n")


@dataclass(slots=True)
class Part:
    """A part with its headers: either `parts` or `body` holds what is in it. `message` is a mail inside a mail."""

    headers: list[tuple[str, str]]
    body: bytes = b""
    parts: list["Part"] = field(default_factory=list)
    _text: str | None = None

    def all(self, name: str) -> list[str]:
        """The raw values of a header, given in lower case, in the order in which they stand."""
        return [value for key, value in self.headers if key == name]

    def get(self, name: str) -> str:
        """The first value of a header, decoded and on one line; "" where there is none."""
        return next((header_text(value) for key, value in self.headers if key == name), "")

    @property
    def type(self) -> str:
        kind = (self.get("content-type").replace(";", " ").split() or [""])[0].lower()
        return kind if "/" in kind else "text/plain"

    def parameter(self, name: str, *, of: str = "content-type") -> str:
        for key, quoted, plain in _PARAMETER.findall(";" + self.get(of).partition(";")[2]):
            if key.lower().rstrip("*") == name:
                return str(quoted or plain)
        return ""

    @property
    def text(self) -> str:
        """The text of a leaf, decoded."""
        if self._text is None:
            self._text = decoded(self.content, self.parameter("charset"))
        return self._text

    @property
    def content(self) -> bytes:
        encoding = self.get("content-transfer-encoding").lower().strip(" ;\"'")
        if encoding == "base64":
            return unpacked_base64(self.body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        return self.body

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in the order of the mail."""
        yield self
        for part in self.parts:
            yield from part.walk()


def parse(raw: bytes) -> Part:
    """The mail in `raw`; never raises."""
    data = raw[:MAX_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    if data.startswith(b"From "):  # of an mbox
        data = data.partition(b"\n")[2]
    return _part(data, depth=0, left=[MAX_PARTS])


def _part(data: bytes, *, depth: int, left: list[int]) -> Part:
    left[0] -= 1
    head, body = _split(data)
    part = Part(headers(decoded(head[: MAX_HEADERS * 200])))
    if depth >= MAX_DEPTH:
        return part
    boundary = part.parameter("boundary") if part.type.startswith("multipart/") else ""
    if boundary:
        preamble, inside = _cut(body, boundary.encode("utf-8", "replace"), limit=left[0])
        part.parts = [_part(piece, depth=depth + 1, left=left) for piece in inside if left[0] > 0]
        part.body = preamble if part.parts else body
    elif part.type in ("message/rfc822", "message/global") and left[0] > 0:
        encoded = Part(part.headers, body).content
        part.parts = [_part(encoded.lstrip(b"\n"), depth=depth + 1, left=left)]
    else:
        part.body = body
    return part


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Headers and body. Without a header there are none, as where a part begins with its text."""
    if data.startswith(b"\n"):
        return b"", data[1:]
    blank = _BLANK.search(data)
    head, body = (data[: blank.start()], data[blank.end() :]) if blank else (data, b"")
    first = head.partition(b"\n")[0].decode("latin-1")
    return (head, body) if _FIELD.match(first) else (b"", data)


def headers(text: str) -> list[tuple[str, str]]:
    """Names in lower case and unfolded raw values; a line that is no header ends nothing and is left out."""
    found: list[tuple[str, str]] = []
    values: list[str] = []
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and found:
            values.append(line.strip())
            continue
        _fold(found, values)
        name = _FIELD.match(line)
        if name and len(found) < MAX_HEADERS:
            found.append((name.group(1).lower(), ""))
            values = [line[name.end() :].strip()]
    _fold(found, values)
    return found


def _fold(found: list[tuple[str, str]], values: list[str]) -> None:
    if found and values:
        found[-1] = (found[-1][0], " ".join(values)[:MAX_VALUE])
        values.clear()


def _cut(body: bytes, boundary: bytes, *, limit: int) -> tuple[bytes, list[bytes]]:
    """What stands before the first boundary, and the pieces between boundaries."""
    mark = re.compile(rb"(?:^|\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\n|\Z)")
    pieces: list[bytes] = []
    begins = None
    preamble = body
    for found in mark.finditer(body):
        if begins is None:
            preamble = body[: found.start()]
        else:
            pieces.append(body[begins : found.start()])
        begins = found.end() + 1
        if found.group(1) or len(pieces) >= limit:
            return preamble, pieces
    if begins is not None:
        pieces.append(body[begins:])  # the last boundary is missing, as where the mail was cut
    return preamble, pieces
