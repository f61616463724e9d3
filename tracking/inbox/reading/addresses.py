"""Addresses in headers and in running text, found from the @ outwards, so that no text takes long."""

import re
from collections.abc import Iterable

MAX_FOUND = 100
MAX_AT = 500  # an @ more is not looked at
MAX_LENGTH = 254
_BEFORE = re.compile(r"(?:\"[^\"\n]{1,64}\"|[\w.!#$%&'*+/=?^`{|}~-]{1,64})\Z")
_AFTER = re.compile(r"(?:[\w](?:[\w.-]{0,251}\w)?|\[[0-9A-Fa-f.:]{3,60}\])")
_ENCODED = re.compile(r"\\x\{(0?[0-9A-Fa-f]{2,5})\}")  # RFC 6533 section 3
_RFC822 = re.compile(r"^\s*(?:rfc\s*822|utf-8|smtp|x-notes|unknown)\s*;\s*", re.IGNORECASE)


def addresses_in(text: str) -> list[str]:
    """Every address that stands in `text`, in lower case, each once, in order."""
    return list(dict.fromkeys(text[begin:end].strip("'").lower() for begin, end in spans(text)))


def spans(text: str) -> list[tuple[int, int]]:
    """Where in `text` addresses stand."""
    found: list[tuple[int, int]] = []
    at = -1
    for _ in range(MAX_AT):
        at = text.find("@", at + 1)
        if at < 0 or len(found) >= MAX_FOUND:
            break
        before = _BEFORE.search(text[max(0, at - 70) : at])
        after = _AFTER.match(text, at + 1, at + 1 + MAX_LENGTH) if before else None
        if before and after:
            begin = at - (before.end() - before.start())
            if not before.group().startswith("=?"):  # an encoded word (RFC 2047), which somebody took for an address
                begin += len(before.group()) - len(before.group().lstrip(".*'`=|/"))
            if begin < at and "." not in text[begin : begin + 1]:
                found.append((begin, after.end()))
    return found


def first_address(value: str) -> str:
    """The address of a header such as From: the one in angle brackets, else the first; "" without one."""
    bracketed = [value[begin:end] for begin, end in spans(value) if value[begin - 1 : begin] == "<"]
    found = bracketed or [value[begin:end] for begin, end in spans(value)]
    return found[-1 if bracketed else 0].lower() if found else ""


def recipient(value: str) -> str:
    """The address of a report's recipient field: without its type, in lower case; "" where it is none."""
    found = addresses_in(_ENCODED.sub(lambda point: chr(int(point.group(1), 16)), _RFC822.sub("", value)))
    return found[0] if found else ""


def addressees(values: Iterable[str]) -> list[str]:
    """All addresses of some headers, each once."""
    return list(dict.fromkeys(address for value in values for address in addresses_in(value)))
