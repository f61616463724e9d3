"""Whom a bounce without a report is about, and what it says about each: told by where addresses stand in it."""

import re
from dataclasses import dataclass

from tracking.inbox.reading.addresses import addressees, addresses_in, first_address, spans
from tracking.inbox.reading.mime import Part
from tracking.inbox.reading.original import Original

MAX_LINES = 600
MAX_LINE = 2_000
MAX_STANDING = 300  # addresses that are looked at
MAX_SAID = 1_500  # characters of what is said about one that are judged

_LABEL = re.compile(
    r"[\s>*|=-]{0,12}(?:(?:\[\d+\]|\d\d?[.)])\s)?(?:<<<\s)?(?:[45]\d\d[ -](?:[45]\.\d\.\d{1,3}\s)?)?"
    r"(?:(?:original |failed |final |intended |rejected |e-?mail |invalid |the )?(?:recipients?|to|address(?:es)?|"
    r"rcpt to|"
    r"user|mailbox|destination|failed|error|empf(?:ä|ae)nger|destinataire|destinatario)(?: address|"
    r" e-?mail)?\s?[:=]\s{0,20}"
    r"(?:rfc822;\s?)?)?[\"'<(\[]{0,3}\Z",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?:mail|message|deliver\w*|sen[dt]|failed|error \w+ing|problem|recipients?|address(?:es)?|rcpt|fwd|mailbox|"
    r"transport) "
    r"(?:\S+ ){0,4}?(?:to|for|following|is|was|address|recipient)?:? ?[\"'<(\[]{0,3}\Z|"
    r"rcpt to:\s?<?\Z|^\W*to:\s?[\"<]{0,2}\Z",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"(?:mail from|sender|from|reporting|return-path|reply-to|contact\w*|questions?)\W{0,12}\Z", re.IGNORECASE
)
_WORDED = re.compile(r"[45]\d\d[ -]|[45]\.\d{1,3}\.\d{1,3}")


def recipients(mail: Part, human: str, returned: Original) -> list[str]:
    """Whom a bounce without a report is about: by its header, by where addresses stand, by whom the mail was for."""
    named = addressees(mail.all("x-failed-recipients"))
    if named:
        return named
    ours = {
        first_address(value) for name in ("return-path", "from", "sender", "reply-to") for value in returned.all(name)
    } | {first_address(mail.get("from"))}
    standing = _standing(human)
    back = set(addressees([mail.get("to"), mail.get("delivered-to"), mail.get("x-rcpt-to")]))
    for others in (ours | back, ours, set()):
        for is_named in (_is_heading, _is_named):
            found = [one.address for one in standing if one.address not in others and is_named(one)]
            if found:
                return list(dict.fromkeys(found))
    contacts = {one.address for one in standing if _OURS.search(one.before)}
    found = [address for address in addresses_in(human) if address not in ours | back | contacts]
    written_to = addressees(returned.all("to"))
    if len(found) == 1 or not written_to:
        return found[:1]
    return [address for address in found if address in written_to] or written_to[:1]


@dataclass(frozen=True, slots=True)
class _Standing:
    """An address in a text, and what stands before it on its line."""

    address: str
    before: str
    is_first: bool


def _standing(human: str) -> list[_Standing]:
    found: list[_Standing] = []
    for line in human.split("\n")[:MAX_LINES]:
        if len(found) >= MAX_STANDING:
            break
        for number, (begin, end) in enumerate(spans(line[:MAX_LINE])):
            found.append(_Standing(line[begin:end].lower(), line[max(0, begin - 80) : begin], is_first=not number))
    return found


def _is_heading(one: _Standing) -> bool:
    """Whether what is said about an address follows it: it comes first on its line, but for a mark or a label."""
    return one.is_first and bool(_LABEL.match(one.before))


def _is_named(one: _Standing) -> bool:
    """Whether an address is named in a sentence as the one that a mail was for."""
    return bool(_NAMED.search(one.before)) and not _OURS.search(one.before)


def share(human: str, address: str, *, alone: bool) -> str:
    """What is said about one recipient: all of it where there is but one, else from their address to the next one."""
    if alone or not address:
        return human
    lines = human.split("\n")[:MAX_LINES]
    about = [number for number, line in enumerate(lines) if address in line.lower()]
    if not about:
        return human
    taken: dict[int, None] = {}
    for number in about[:6]:
        taken[number] = None
        for below in range(number + 1, min(number + 8, len(lines))):
            if not lines[below].strip() or any(other != address for other in addresses_in(lines[below])):
                break
            taken[below] = None
    return "\n".join(lines[number] for number in taken)


def diagnostic_in(said: str) -> str:
    """The lines of what a server said, on one: those marked as its answer, those with a code, else all."""
    lines = [line.strip() for line in said.split("\n")[:MAX_LINES]]
    answers = [line[3:].strip() for line in lines if line.startswith("<<<")]
    if answers:
        # The last is of the session's end at times; what was refused for good says so.
        refused = [line for line in answers if line.startswith("5")] or answers
        return " ".join(refused[:4])[:MAX_SAID]
    first = next((number for number, line in enumerate(lines) if _WORDED.search(line)), None)
    if first is not None:
        return " ".join(_paragraph(lines[first:]))[:MAX_SAID]
    return " ".join(line for line in lines if line)[:MAX_SAID]


def _paragraph(lines: list[str]) -> list[str]:
    end = next((number for number, line in enumerate(lines) if not line), len(lines))
    return lines[: min(end, 8)]
