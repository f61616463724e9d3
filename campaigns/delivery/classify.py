"""Whose fault a 5xx is, from its enhanced status code (RFC 3463, 5248) and its words.

The one place that judges a server's answer, whether we heard it ourselves or a bounce passes it on. Wrongly calling an
address dead loses a person for good; of the bounces in public collections about a third are the sender's own fault. So:
dead only where the code or the words say so and nothing contradicts, and OTHER in doubt.
"""

import re
from enum import StrEnum

from campaigns.delivery import wording
from campaigns.delivery.outcomes import Kind, Stage

MAX_TEXT = 2_000  # characters looked at
SERVICE_CLOSING = 421
_ENHANCED = re.compile(r"(?<![\d.])5\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_PASSING_CODE = re.compile(r"\d{3}[ -]4\.\d{1,3}\.\d{1,3}(?![\d.])")  # right behind a 5xx, which it contradicts
# An address or a link may hold any word, and says nothing about the reason.
_NOISE = re.compile(r"<[^<>]*>|[^\s@]{0,80}@[\w.-]{0,255}[)>]?|https?://\S+|\w{1,40}=\S+")


class Ground(StrEnum):
    """What an answer gives as its reason."""

    UNKNOWN = "unknown"  # no such user or host, moved, takes no mail at all
    SUSPENDED = "suspended"  # there is or was such a mailbox, and it is shut
    FULL = "full"
    TOO_BIG = "too_big"
    POLICY = "policy"
    CONTENT = "content"
    UNCLEAR = "unclear"  # nothing that we understand, or two things that contradict each other


_KINDS = {
    Ground.UNKNOWN: Kind.ADDRESS_DEAD,
    Ground.SUSPENDED: Kind.ADDRESS_DEAD,
    Ground.FULL: Kind.MAILBOX_FULL,
    Ground.TOO_BIG: Kind.CONTENT,
    Ground.POLICY: Kind.POLICY,
    Ground.CONTENT: Kind.CONTENT,
    Ground.UNCLEAR: Kind.OTHER,
}
_DEAD_GROUNDS = frozenset({Ground.UNKNOWN, Ground.SUSPENDED})
_BY_CODE = {
    **dict.fromkeys(("1.1", "1.2", "1.3", "1.6", "1.10", "4.4"), Ground.UNKNOWN),
    "2.1": Ground.SUSPENDED,
    **dict.fromkeys(("1.7", "1.8"), Ground.POLICY),  # the *sender's* address is bad
    "2.2": Ground.FULL,
    **dict.fromkeys(("2.3", "3.4"), Ground.TOO_BIG),
}
_CONTRADICTS = re.compile(r"(?<![\d.])5\.7\.\d{1,3}(?![\d.])")  # policy, somewhere in an answer that says dead
# Links hold any word, but to these sites only who is listed there is sent.
_LISTED_AT = re.compile(
    r"(?:spamhaus|spamcop|sorbs|uceprotect|barracudacentral|senderscore|uribl|surbl)\.", re.IGNORECASE
)
_BY_SUBJECT = {"6": Ground.CONTENT, "7": Ground.POLICY}
_OF_SYSTEM = re.compile(r"\d{3}[ -]4\.3\.[125](?!\d)")  # full, not accepting, badly set up: the server and no mailbox
_OF_MAILBOX = re.compile(r"\d{3}[ -]4\.2\.\d{1,3}(?![\d.])")  # the recipient's: full, or written to too much by all
# Codes about the sender's name, authentication and rate (RFC 7372, RFC 7504; of three digits Microsoft's own).
_OF_SENDER = re.compile(r"\d{3}[ -]4\.7\.(?:2\d|[5-9]\d\d)(?!\d)")
# What OpenSMTPD says of whomever it takes no mail for: nobody there has that name, or we may not send through it.
_NOT_HERE = re.compile(r"550 Invalid recipient: <[^<>]*>")

# The first that is found counts; what condemns the address is looked for when none of them is.
_IN_TURN = (
    (wording.POLICY, Ground.POLICY),
    (wording.FULL, Ground.FULL),
    (wording.TOO_BIG, Ground.TOO_BIG),
    (wording.CONTENT, Ground.CONTENT),
)


def kind_of(code: int, reply: str, *, stage: Stage) -> Kind:
    """The kind of a permanent refusal. Dead or full only in answer to RCPT: later answers are about the mail."""
    kind = _KINDS[ground_of(code, reply)]
    if stage is not Stage.RCPT:
        return Kind.POLICY if kind is Kind.POLICY else Kind.CONTENT
    return kind


def ground_of(code: int, reply: str) -> Ground:
    """What a permanent refusal gives as its reason, whichever command it answers."""
    found = _ENHANCED.search(reply[:MAX_TEXT])
    words = _words(reply)
    by_code = _by_code(found) or (Ground.FULL if code == 552 and wording.FULL.search(words) else None)
    ground = by_code or _by_words(words, is_about_mailbox=bool(found and found.group(1) == "2"))
    if ground in _DEAD_GROUNDS and wording.FULL.search(words):
        return Ground.FULL  # qmail's patches say 5.1.1 of whatever they refuse at RCPT
    # One part of the answer says one thing and another part another, or it says two things.
    return Ground.UNCLEAR if _is_contradicted(ground, reply, words) else ground


def _is_contradicted(ground: Ground, reply: str, words: str) -> bool:
    if ground not in _DEAD_GROUNDS:
        # 5.7.1 is for whatever is not allowed; some write it behind the words for a dead address, too.
        is_dead = ground is Ground.POLICY and _says_unknown(words) and not wording.POLICY.search(words)
        return is_dead or (ground is Ground.POLICY and bool(wording.RESTRICTED.search(words)))
    if ground is Ground.SUSPENDED and not (wording.SUSPENDED.search(words) or _says_unknown(words)):
        return True  # 5.2.1 alone: said of who is written to too much by all as well (RFC 3463 section 3.3)
    patterns = (wording.POLICY, wording.RESTRICTED, wording.OF_SENDER)
    return (
        any(pattern.search(words) for pattern in patterns)
        or _is_passing(reply, words)
        or _is_policy(reply)
        or bool(_NOT_HERE.fullmatch(reply))
    )


def says_unknown(reply: str) -> bool:
    """Whether the words of an answer, apart from its code, say that there is no such recipient."""
    return _says_unknown(_words(reply))


def _words(reply: str) -> str:
    return " ".join(_NOISE.sub(" ", reply[:MAX_TEXT]).split())


def _says_unknown(words: str) -> bool:
    return bool(wording.UNKNOWN.search(words) or wording.UNKNOWN_UNSPACED.search(words))


def _is_policy(reply: str) -> bool:
    """Whether a second code, or where the answer links to, says that it is about the sender."""
    return bool(_CONTRADICTS.search(reply[:MAX_TEXT]) or _LISTED_AT.search(reply[:MAX_TEXT]))


def is_for_all(code: int, reply: str, *, stage: Stage) -> bool:
    """Whether a refusal for now (4xx) would have met any other mail of the sender just as well.

    Before the server knew for whom the mail is, with the end of the connection, or since it has had too many.
    """
    if stage is Stage.MAIL or code == SERVICE_CLOSING or _OF_SYSTEM.match(reply) or _OF_SENDER.match(reply):
        return True
    words = _words(reply)
    is_full = wording.FULL.search(words) and not wording.OWN_QUOTA.search(words)
    is_of_recipient = _OF_MAILBOX.match(reply) or is_full or wording.GREYLISTED.search(reply)
    return bool(wording.FOR_ALL.search(words) or wording.OWN_QUOTA.search(words)) and not is_of_recipient


def _is_passing(reply: str, words: str) -> bool:
    """Whether the answer says that it may be another one tomorrow, though its code is one for good."""
    return bool(_PASSING_CODE.match(reply) or wording.PASSING.search(words))


def _by_code(found: re.Match[str] | None) -> Ground | None:
    if not found:
        return None
    subject, detail = found.groups()
    return _BY_CODE.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject)


def _by_words(words: str, *, is_about_mailbox: bool) -> Ground:
    for pattern, ground in _IN_TURN:
        if pattern.search(words):
            return ground
    if not _says_unknown(words):
        return Ground.SUSPENDED if wording.SUSPENDED.search(words) else Ground.UNCLEAR
    # 5.2.x is said of mailboxes that are there, whatever words stand behind it.
    return Ground.SUSPENDED if is_about_mailbox else Ground.UNKNOWN
