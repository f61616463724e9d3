"""Bytes of a mail to text, whatever they claim to be; and the encoded words of headers (RFC 2047).

Mails lie about their charset: text called us-ascii is UTF-8, ISO-8859-1 is Windows-1252, GB 2312 its bigger successor.
"""

import binascii
import codecs
import re

# What is said and what is meant: a superset, or what the same clients really write.
_MEANT = {
    **dict.fromkeys(("us-ascii", "ascii", "iso-8859-1", "iso8859-1", "latin1", "latin-1", "x-unknown"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk"), "gb18030"),
    **dict.fromkeys(("ks_c_5601-1987", "euc-kr", "ks_c_5601"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "x-sjis", "sjis"), "cp932"),
    **dict.fromkeys(("iso-2022-jp",), "iso2022_jp_ext"),
    **dict.fromkeys(("utf8", "unicode-1-1-utf-8", "utf-8"), "utf-8"),
}
# Codecs that are no charsets of mails, some of them slow on purpose-made input.
_UNUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff\ud800-\udfff]"
)
_WORD = re.compile(r"=\?([\w.:-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?]{0,4000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s{1,100}(?==\?)")
_MULTIBYTE = ("gb18030", "cp949", "cp932", "big5", "euc")
_NO_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
MAX_HEADER = 8_000


def decoded(data: bytes, charset: str = "") -> str:
    """The text of `data`: UTF-8 where it is valid UTF-8, else what it claims, else as Windows writes it."""
    name = charset.strip().strip("\"'").lower()[:40]
    if data.isascii() and not (b"\x1b" in data or name.startswith(("utf-7", "utf-16", "hz"))):
        return _clean(data.decode("ascii"))
    meant = _MEANT.get(name, name)
    # Two letters of such a charset are valid UTF-8 by chance at times; the same text in UTF-8 would have longer ones.
    is_short = meant.startswith(_MULTIBYTE) and max(data) < 0xE0
    for candidate in (meant if is_short or name.startswith("utf-16") else "", "utf-8", meant, _guess(data)):
        text = _try(data, candidate)
        if text is not None:
            return _clean(text)
    return _clean(data.decode("cp1252", "replace"))


def _guess(data: bytes) -> str:
    return "iso2022_jp_ext" if b"\x1b$" in data or b"\x1b(" in data else ""


def _try(data: bytes, name: str) -> str | None:
    try:
        codec = codecs.lookup(name) if name else None
        if codec is None or codec.name in _UNUSED or (name == "utf-8" and b"\x1b$" in data):
            return None
        return data.decode(codec.name)
    except (LookupError, ValueError, TypeError):  # UnicodeError is a ValueError; so is a name with a NUL in it
        return None


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def header_text(raw: str) -> str:
    """A header's value on one line, its encoded words read; what cannot be read stays as it is."""
    words = _BETWEEN_WORDS.sub(r"\1", raw[:MAX_HEADER])
    return " ".join(_clean(_WORD.sub(_word, words)).split())


def _word(found: re.Match[str]) -> str:
    charset, encoding, text = found.groups()
    data = text.encode("latin-1", "replace")
    if encoding in "qQ":
        return decoded(binascii.a2b_qp(data.replace(b"_", b" ")), charset)
    return decoded(unpacked_base64(data), charset)


def unpacked_base64(data: bytes) -> bytes:
    """What base64 stands for, up to where it breaks off."""
    kept = data.translate(None, _NO_BASE64)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    try:
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
    except binascii.Error:
        return b""
