"""Mail header lines, as bytes that any reader unfolds to exactly the value that went in.

Written here because Python's email package (3.13) encodes any word longer than a line, which breaks long
List-Unsubscribe and References values: RFC 8058 and RFC 5322 allow no encoded words in them.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from campaigns.content.errors import HeaderRefused
from campaigns.content.mailbox import Mailbox, wire_address

LINE = 76  # characters; RFC 2047 2 bounds a line with an encoded word, RFC 5322 2.1.1 advises 78
HARD_LINE = 998  # RFC 5322 2.1.1
MAX_TEXT = 2_000  # characters in one free-text header
_ENCODED_WORD = 75  # RFC 2047 2, with its charset and marks
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_USUAL_NAME = re.compile(r"[A-Za-z0-9-]+(?: [A-Za-z0-9-]+)*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_TOKEN = re.compile(r"[!-~]+")
# What may stand bare in a Q-encoded word inside a name (RFC 2047 5, rule 3).
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def text_line(name: str, value: str) -> bytes:
    """A free-text header such as Subject; blanks around the value are dropped. HeaderRefused for control characters."""
    value = clean(name, value).strip()
    if len(value) > MAX_TEXT:
        raise HeaderRefused(name, f"it has {len(value):,} characters, more than {MAX_TEXT:,}")
    if _PLAIN.fullmatch(value) and "=?" not in value:
        if 0 < len(value) <= LINE - len(name) - 2:
            return f"{name}: {value}\r\n".encode()  # what comes of the following for most
        words = value.split(" ")
        if max(map(len, words)) <= HARD_LINE - len(name) - 2:
            return _folded(name, [*_with_blanks(words)])
    return _folded(name, _encoded_words(value, first=LINE - len(name) - 2))


def mailbox_line(name: str, mailbox: Mailbox) -> bytes:
    """An address header with one mailbox, several blanks in its name as one (RFC 5322 3.2.5 gives them no meaning).

    HeaderRefused for an address that cannot be written to.
    """
    address = wire_address(clean(name, mailbox.address), field=name)
    shown = mailbox.name
    if _USUAL_NAME.fullmatch(shown) and len(name) + len(shown) + len(address) + 5 <= LINE:
        return f"{name}: {shown} <{address}>\r\n".encode()  # what comes of the following for most people
    shown = " ".join(clean(name, shown).split())
    if len(shown) > MAX_TEXT:
        raise HeaderRefused(name, f"the name has {len(shown):,} characters, more than {MAX_TEXT:,}")
    if not shown:
        return _folded(name, [address])
    return _folded(name, [*_phrase(shown, first=LINE - len(name) - 2), f"<{address}>"])


def tokens_line(name: str, words: Sequence[str]) -> bytes:
    """A header of words without blanks, such as References or List-Unsubscribe, folded between them, never in one."""
    longest = HARD_LINE - len(name) - 3
    for word in words:
        if not _TOKEN.fullmatch(word) or len(word) > longest:
            clean(name, word)  # says more of a control character
            raise HeaderRefused(name, f"{word[:80]!a} holds a blank or a character outside ASCII, or is too long")
    return _folded(name, words)


def clean(name: str, value: str) -> str:
    """`value`, refused when it could end the header early or cannot be encoded; `name` must be a header's name."""
    if not _is_name(name):
        raise HeaderRefused(ascii(name[:80]), "it is not the name of a header", "Use letters, digits and hyphens.")
    if value.isascii() and value.isprintable():
        return value  # most are; the searches below take several times as long
    if found := _CONTROLS.search(value):
        hint = "Remove line breaks and control characters."
        raise HeaderRefused(name, f"it holds the control character U+{ord(found.group()):04X}", hint)
    if _SURROGATES.search(value):
        raise HeaderRefused(name, "it holds half a character (a lone surrogate)", "Paste the text again.")
    return value


@lru_cache(maxsize=128)
def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _folded(name: str, words: Sequence[str]) -> bytes:
    """The header with a line break before any word but the first that would not fit; a word is never split."""
    if len(words) == 1:
        return f"{name}: {words[0]}\r\n".encode()
    lines = []
    line = f"{name}:"
    for place, word in enumerate(words):
        if place and len(line) + 1 + len(word) > LINE:
            lines.append(line)
            line = ""
        line += f" {word}"
    return ("\r\n".join([*lines, line]) + "\r\n").encode()


def _with_blanks(words: list[str]) -> Iterator[str]:
    """Words joined to the empty ones before them, so that several blanks in a row survive and no line is only blank."""
    blanks = ""
    for word in words:
        if word:
            yield blanks + word
            blanks = ""
        else:
            blanks += " "


def _phrase(name: str, *, first: int) -> list[str]:
    if _ATOMS.fullmatch(name) and "=?" not in name and len(name) <= first:
        return [name]
    if _PLAIN.fullmatch(name) and "=?" not in name and len(name) <= first - 10:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return [f'"{escaped}"']
    return list(_encoded_words(name, first=first))


def _encoded_words(value: str, *, first: int) -> list[str]:
    """RFC 2047 words in the shorter of the two encodings, split between characters."""
    room = min(first, _ENCODED_WORD) - len("=?utf-8?q??=")
    as_quoted = [f"=?utf-8?q?{piece}?=" for piece in _joined([*map(_q, value)], room=room)]
    as_based = [f"=?utf-8?b?{_b(piece)}?=" for piece in _joined(value, room=room // 4 * 3)]
    return min(as_quoted, as_based, key=lambda words: sum(map(len, words)))


def _joined(pieces: Sequence[str], *, room: int) -> list[str]:
    """`pieces` joined into texts of at most `room` bytes each; none is split."""
    whole = "".join(pieces)
    if len(whole.encode()) <= room:
        return [whole]  # as it is for most names and subjects
    texts, used = [""], 0
    for piece in pieces:
        size = len(piece.encode())
        if used + size > room:
            texts.append("")
            used = 0
        texts[-1] += piece
        used += size
    return texts


@lru_cache(maxsize=4_096)
def _q(character: str) -> str:
    if character == " ":
        return "_"
    return "".join(chr(byte) if byte in _Q_SAFE else f"={byte:02X}" for byte in character.encode())


def _b(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
