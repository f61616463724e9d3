"""The mail that a bounce returns: where it begins in the text, and what its headers say."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tracking.inbox.reading.mime import Part, headers

MAX_LINES = 3_000
_HEADER = re.compile(r"([A-Za-z][\w-]{1,60})\s?:")
# Seen in a row they are the head of a mail; those of the second set are in no text that a person is to read.
_USUAL = frozenset(
    (
        *("received", "return-path", "message-id", "from", "to", "subject", "date", "mime-version", "content-type"),
        *("cc", "reply-to", "sender", "dkim-signature", "x-mailer", "user-agent", "x-received", "references"),
        *("content-transfer-encoding", "delivered-to", "envelope-to", "in-reply-to"),
    )
)
_TELLING = frozenset(
    ("received", "return-path", "message-id", "mime-version", "dkim-signature", "content-type", "x-received")
)
_RUN = 8  # lines in which three usual headers, one of them telling, make a head
_CUT = re.compile(
    r"[\s>*=_~+|-]{0,60}(?:"
    r"original message(?: follows)?|unsent message follows|returned message follows|message header follows|"
    r"message text follows|message headers? follows?|message contents follow|the original message follows|"
    r"the header of the original message is following|this is a copy of the (?:\w+ ){0,3}message.{0,60}|"
    r"below this line is a copy of the message|this is a copy of your message.{0,60}|"
    r"(?:the )?(?:body|headers?) of (?:the|your) (?:original )?message.{0,60}|begin (?:of )?(?:the )?(?:returned|"
    r"original) "
    r"message|undelivered message follows|included is a copy of the message header|the first \w+ lines.{0,60}|"
    r"\S{0,3}the message is attached below.{0,40}|returned mail (?:message )?follows|"
    r"здесь.{0,10}заголов.{0,80}|a copy of (?:the|your) message.{0,60}"
    r")[\s.:*=_~+|-]{0,60}",
    re.IGNORECASE,
)
_OF_A_MAIL = frozenset({"received", "return-path", "message-id", "from", "date"})
_BODY_PARTS = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"})


@dataclass(slots=True)
class Original:
    """What is left of a returned mail."""

    headers: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def is_returned(part: Part) -> bool:
    """Whether a part is the mail that comes back, and no part of what is said about it.

    Some servers put it between two boundaries as it is, so that its headers look like those of the part.
    """
    names = {name for name, _ in part.headers}
    return part.type in _BODY_PARTS or len(names & _OF_A_MAIL) >= 2


def of_parts(parts: Iterable[Part]) -> Original:
    """The first mail that hangs on a report."""
    for part in parts:
        if part.type not in _BODY_PARTS:
            return Original(part.headers)
        if part.parts:
            return Original(part.parts[0].headers)
        found = headers(part.text[:100_000])
        if found:
            return Original(found)
    return Original()


def split(text: str) -> tuple[str, Original]:
    """What a bounce without parts says itself, and the mail it has copied below."""
    lines = text.split("\n")[:MAX_LINES]
    for number, line in enumerate(lines):
        bare = line.lstrip("> ") if line.startswith(">") else line
        is_cut = len(bare) < 200 and bool(_CUT.fullmatch(bare.strip())) and len(bare.strip()) > 8
        if is_cut and not _has_head(lines, number + 1):
            is_cut = bare.lstrip().startswith("-") or _holds_no_more(lines[number + 1 :])
        if number and (is_cut or _begins_head(lines, number)):
            rest = lines[number + is_cut :]
            return "\n".join(lines[:number]), Original(headers("\n".join(_head(rest))))
    return text, Original()


def _has_head(lines: list[str], number: int) -> bool:
    """Whether the head of a mail begins soon after."""
    return any(_begins_head(lines, place) for place in range(number, min(number + 6, len(lines))))


def _holds_no_more(lines: list[str]) -> bool:
    return not any("@" in line for line in lines[:5])


def _head(lines: list[str]) -> list[str]:
    """The lines of the head that comes first, without what marks them as quoted and without empty ones before it."""
    bare = [re.sub(r"^(?:> ?){1,3}", "", line) for line in lines[:400]]
    first = next((number for number, line in enumerate(bare) if _HEADER.match(line)), len(bare))
    last = next((number for number in range(first, len(bare)) if not bare[number].strip()), len(bare))
    return bare[first:last]


def _begins_head(lines: list[str], number: int) -> bool:
    if not _name(lines[number]) or _name(lines[number]) not in _USUAL:
        return False
    names = [name for line in lines[number : number + _RUN] if (name := _name(line))]
    usual = {name for name in names if name in _USUAL}
    if "received" in usual and names.count("received") + len(usual) > 2:
        return True
    return len(usual) >= 3 and bool(usual & _TELLING)


def _name(line: str) -> str:
    found = _HEADER.match(line.removeprefix("> ")[:80])
    return found.group(1).lower() if found else ""
