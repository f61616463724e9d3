"""Which encoding a file is in, from one pass over all of it in constant memory.

UTF-8 is either valid to the last byte or it is not, so the whole file is tried. A file that is mostly UTF-8 with
a few bad bytes stays UTF-8: only the rows that hold them are refused. Any other encoding is a guess from the letters.
"""

import codecs
from dataclasses import dataclass
from typing import BinaryIO

import charset_normalizer

from leads.imports import errors
from leads.imports.alphabets import plausibility

BLOCK_SIZE = 1 << 20
SAMPLE_SIZE = 1 << 15  # bytes of lines with letters beyond ASCII; more makes the guess slower and no better
ESCAPE = "surrogateescape"  # bytes that the encoding does not know survive as lone surrogates, one each

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In the order in which they win when the letters fit equally well: the more common one first.
_BY_LETTERS = (
    ("cp1252", "Windows-1252 (Western Europe)"),
    ("cp1250", "Windows-1250 (Central Europe)"),
    ("cp1255", "Windows-1255 (Hebrew)"),  # before Cyrillic: its text looks like Russian that never has a capital
    ("cp1251", "Windows-1251 (Cyrillic)"),
    ("cp1253", "Windows-1253 (Greek)"),
    ("cp1254", "Windows-1254 (Turkish)"),
    ("cp1257", "Windows-1257 (Baltic)"),
    ("iso8859-2", "ISO 8859-2 (Central Europe)"),
    ("iso8859-15", "ISO 8859-15 (Western Europe)"),
    ("iso8859-5", "ISO 8859-5 (Cyrillic)"),
    ("koi8-r", "KOI8-R (Russian)"),
    ("mac_roman", "Mac Roman (Western Europe)"),
    ("mac_latin2", "Mac Central European"),
    ("cp852", "DOS 852 (Central Europe)"),
    ("cp850", "DOS 850 (Western Europe)"),
    ("cp866", "DOS 866 (Russian)"),
)
_BY_STATISTICS = (
    ("cp932", "Shift JIS (Japanese)"),
    ("euc_jp", "EUC-JP (Japanese)"),
    ("gb18030", "GB 18030 (Chinese)"),
    ("big5", "Big5 (Chinese)"),
    ("cp949", "EUC-KR (Korean)"),
    ("cp1256", "Windows-1256 (Arabic)"),
    ("cp874", "Windows-874 (Thai)"),
    ("cp1258", "Windows-1258 (Vietnamese)"),
)
_LABELS = {
    **dict(_BY_LETTERS),
    **dict(_BY_STATISTICS),
    "workbook": "Workbook",
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a byte order mark",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 (little-endian)",
    "utf-16-be": "UTF-16 (big-endian)",
    "utf-32": "UTF-32",
    "utf-32-le": "UTF-32 (little-endian)",
    "utf-32-be": "UTF-32 (big-endian)",
}
# Python's own ways to write letters in ASCII: no file of people is in them.
_NOT_OF_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape"})
_PLAUSIBLE = 0.7  # of the words; names of people and firms of other countries are in every list


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode the file, by the name Python knows it by and the one people do."""

    name: str
    label: str

    @property
    def error_handler(self) -> str:
        """How undecodable bytes are kept visible; the wide encodings know no escape, only the replacement sign."""
        return "replace" if self.name.startswith(("utf-16", "utf-32")) else ESCAPE


def named_encoding(name: str, *, head: bytes = b"") -> Encoding:
    """The encoding the caller asked for; raises `unknown_encoding`. A byte order mark at the head is taken off."""
    try:
        found = codecs.lookup(name).name
        "".encode(found)  # a codec such as base64 is known, but is none of text
    except (LookupError, TypeError, ValueError):
        raise errors.unknown_encoding(name) from None
    if found in _NOT_OF_FILES:
        raise errors.unknown_encoding(name)
    marked = _by_mark(head) or found
    # utf-8 with a mark is utf-8-sig, utf-16-le with one is utf-16
    if marked.startswith(found.removesuffix("-le").removesuffix("-be")):
        found = marked
    return Encoding(found, label_of(found))


def can_read(encoding: Encoding, stream: BinaryIO) -> bool:
    """Whether the whole of a seekable stream can be read so; it is left at its beginning.

    Most encodings read anything, with escapes. UTF-16 without its mark cannot be read, nor a broken shift of UTF-7.
    """
    decode = codecs.getincrementaldecoder(encoding.name)(encoding.error_handler).decode
    stream.seek(0)
    try:
        while block := stream.read(BLOCK_SIZE):
            decode(block)
        decode(b"", True)
    except UnicodeError:
        return False
    finally:
        stream.seek(0)
    return True


def label_of(name: str) -> str:
    """What people call an encoding."""
    return _LABELS.get(name, name.upper())


def detect_encoding(stream: BinaryIO) -> Encoding:
    """The encoding of a seekable stream, which is left at its beginning."""
    stream.seek(0)
    head = stream.read(4096)
    stream.seek(0)
    if wide := _by_mark(head) or _wide_without_mark(head):
        return Encoding(wide, label_of(wide))
    scan = _scan(stream)
    stream.seek(0)
    return scan.verdict()


def _by_mark(head: bytes) -> str | None:
    return next((name for mark, name in _BOMS if head.startswith(mark)), None)


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-32 or UTF-16 without its mark, told by where the zeros are."""
    return _utf32_without_mark(head) or _utf16_without_mark(head)


def _utf32_without_mark(head: bytes) -> str | None:
    """Of four bytes the highest is always zero, the one below it nearly always."""
    count = len(head) // 4
    zeros = [head[place : count * 4 : 4].count(0) for place in range(4)]
    if count and zeros[3] == count and zeros[2] > count * 0.9:
        return "utf-32-le"
    if count and zeros[0] == count and zeros[1] > count * 0.9:
        return "utf-32-be"
    return None


def _utf16_without_mark(head: bytes) -> str | None:
    """Every other byte of Latin letters is zero; in other scripts those of line ends and of @ are, at least."""
    high, low = head[1::2].count(0), head[0::2].count(0)
    if min(high, low) > max(high, low) * 0.1 or max(high, low) < 2:
        return None
    name = "utf-16-le" if high > low else "utf-16-be"
    text = head[: len(head) // 2 * 2].decode(name, "replace")
    is_latin = max(high, low) > len(head) * 0.3
    return name if is_latin or ("@" in text and "\n" in text) else None


def _scan(stream: BinaryIO) -> "_Scan":
    scan = _Scan()
    while block := stream.read(BLOCK_SIZE):
        scan.feed(block)
    scan.feed(b"", final=True)
    return scan


class _Scan:
    """Counts what speaks for UTF-8 and what against, and collects the lines that tell other encodings apart."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")(ESCAPE).decode
        self._good = self._bad = 0
        self._sample = bytearray()

    def feed(self, block: bytes, *, final: bool = False) -> None:
        text = self._decode(block, final)
        if not text.isascii():
            self._count(text)
            self._collect(block)

    def verdict(self) -> Encoding:
        if not self._bad or self._good > self._bad:
            return Encoding("utf-8", label_of("utf-8"))
        name = _by_letters(bytes(self._sample)) or _by_statistics(bytes(self._sample)) or "cp1252"
        return Encoding(name, label_of(name))

    def _count(self, text: str) -> None:
        intact = text.encode("utf-8", "ignore").decode()
        self._bad += len(text) - len(intact)
        self._good += len(intact) - len(intact.encode("ascii", "ignore"))

    def _collect(self, block: bytes) -> None:
        room = SAMPLE_SIZE - len(self._sample)
        if room > 0:
            telling = b"\n".join(line for line in block.split(b"\n") if not line.isascii())
            self._sample += telling[:room] + b"\n"


def _by_letters(sample: bytes) -> str | None:
    """The encoding in which the words look most like words of one language; None when none does."""
    scored = [(_plausibility_in(sample, name), name) for name, _ in _BY_LETTERS]
    best = max(score for score, _ in scored)
    return next(name for score, name in scored if score == best) if best >= _PLAUSIBLE else None


def _plausibility_in(sample: bytes, name: str) -> float:
    try:
        text = sample.decode(name)
    except UnicodeDecodeError:
        text = sample.decode(name, "replace")
    return plausibility(text)


def _by_statistics(sample: bytes) -> str | None:
    names = [name for name, _ in (*_BY_LETTERS, *_BY_STATISTICS)]
    best = charset_normalizer.from_bytes(sample, cp_isolation=names).best()
    return codecs.lookup(best.encoding).name if best else None
