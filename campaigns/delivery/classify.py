"""Whose fault a 5xx is, from its enhanced status code (RFC 3463, 5248) and its words.

The one place that judges a server's answer, whether we heard it ourselves or a bounce passes it on. Wrongly calling an
address dead loses a person for good; of the bounces in public collections about a third are the sender's own fault. So:
dead only where the code or the words say so and nothing contradicts, and OTHER in doubt.
"""

import re
from enum import StrEnum

from campaigns.delivery.outcomes import Kind, Stage

MAX_TEXT = 2_000  # characters looked at
SERVICE_CLOSING = 421
_ENHANCED = re.compile(r"(?<![\d.])5\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_PASSING_CODE = re.compile(r"\d{3}[ -]4\.\d{1,3}\.\d{1,3}(?![\d.])")  # right behind a 5xx, which it contradicts
# An address or a link may hold any word, and says nothing about the reason.
_NOISE = re.compile(r"<[^<>]*>|\S*@\S*|https?://\S+")


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


def _phrases(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE)


_POLICY = _phrases(
    *(
        r"spam\w*",
        "unsolicited",
        r"black ?list\w*",
        r"block ?list\w*",
        "blocked",
        "banned",
        "barracuda",
        "dnsbl",
        "rbl",
    ),
    *("reputation", "policy", r"relay\w*", "not authori[sz]ed", r"authenticat\w+", "dmarc", "spf", "dkim"),
    *("ptr", "rdns", "reverse dns", "client host", "helo", r"rate limit\w*", "too many"),
    r"sender (?:address )?(?:rejected|denied|verif\w+)",
    # Many servers say only in answer to RCPT what they have against the sender, often in the words for a dead address.
    r"(?:your|sender(?:'s)?|sending|outgoing) (?:\w+ )?(?:account|domain|host(?:name)?|ip)",
    r"(?:sender(?:'s)?|sending) mailbox",  # but not yours: whose provider is to be asked is nobody's fault
    *(r"(?:domain|address) of (?:the )?sender", r"(?:account|mailbox) [\w ]{0,30}for sending", "smtp account", "ehlo"),
    *("envelope sender", r"send\w* (?:\w+ )?(?:limit|quota)", r"outgoing (?:\w+ )?(?:limit|quota)"),
    *("refused due to", "recipient preferences", "poor quality", "not accepted from", "access denied by"),
    *("your (?:daily|hourly) limit", r"(?:e?-?mails|messages|recipients) per (?:hour|day|minute)", "sending activity"),
)
_FULL = _phrases(
    *("mailbox (?:is )?full", "full mailbox", "over ?quota", "quota exceeded", r"exceed\w* (?:\w+ )?quota"),
    *("out of (?:storage|space)", "insufficient (?:system )?storage", "storage (?:limit|allocation)"),
)
_TOO_BIG = _phrases("too (?:big|large|long)", "message size", "size limit")
_CONTENT = _phrases(
    *(r"attachment\w*", "virus", "malware", "malformed", "content rejected", "message content", "line too long"),
)
_PASSING = _phrases(r"temporar\w+", r"(?:try|retry|again) (?:\w+ )?later", "at this time", r"not found,? try again")
# A server that has had enough for now, or minds something about the sender; few say by the code that it is that.
_FOR_ALL = _phrases(
    *(
        "too (?:many|much|fast|quickly)",
        r"throttl\w*",
        r"rate[ -]?limit\w*",
        r"(?:sending|sender|message|unusual) rate",
    ),
    *(r"exceed\w*", r"(?:over|reached) (?:\w+ )?(?:limit|quota)", r"(?:limit|quota) (?:\w+ )?reached", "over ?limit"),
    *("(?:hourly|daily) (?:limit|quota)", "server (?:is )?(?:too )?busy", "too busy", "concurrent connections"),
    "(?:client host|helo command|sender address) rejected",
)
# A quota in these words is the sender's own, and no full mailbox.
_OWN_QUOTA = _phrases(r"throttl\w*", r"(?:daily|hourly|sending|submission|outgoing) (?:\w+ )?quota")
_OF_SYSTEM = re.compile(r"\d{3}[ -]4\.3\.[125](?!\d)")  # full, not accepting, badly set up: the server and no mailbox
_OF_MAILBOX = re.compile(r"\d{3}[ -]4\.2\.\d{1,3}(?![\d.])")  # the recipient's: full, or written to too much by all
_GREYLISTED = re.compile(r"gr[ae]y[ -]?list", re.IGNORECASE)  # each recipient has to be asked for once, and goes later
# What OpenSMTPD says of whomever it takes no mail for: nobody there has that name, or we may not send through it.
_NOT_HERE = re.compile(r"550 Invalid recipient: <[^<>]*>")
_SOMEONE = "(?:user|recipient|mailbox|account|address|alias|host|domain)"
_SUSPENDED = _phrases(
    rf"{_SOMEONE}(?: \w+)? (?:is )?(?:unavailable|disabled|inactive|deactivated|suspended|closed)",
    rf"inactive (?:\w+ )?(?:{_SOMEONE}|person)",
)
_UNKNOWN = _phrases(
    rf"{_SOMEONE}(?: \w+)? (?:is )?(?:unknown|invalid)",
    rf"{_SOMEONE}(?: [\w.-]+)? (?:is |was |does |do )?(?:not|could not be) "
    r"(?:found|known|valid|listed|exist\w*|recogni[sz]ed)",
    rf"(?:unknown|invalid|bad|nonexistent|no such) (?:\w+ )?(?:{_SOMEONE}|person)",
    *("does(?: not|n'?t) exist", "doesn'?t have an? .{0,30}account", "no mailbox", "has moved", "unrouteable"),
    "no longer (?:available|valid|active|accepting|in use|employed|here)",
    *("recipient (?:address )?rejected: access denied", "not our customer", "null mx", "recip(?:ient)?notfound"),
    *("address (?:couldn['\u2019]?t|could not) be found", "does ?n[o']?t accept mail", "indicated no smtp service"),
    *(r"not listed in (?:[\w.']+ ){0,2}(?:directory|name|address)", "no such domain", "name (?:is )?not recogni[sz]ed"),
)

# The first that is found counts, so what condemns the address comes last.
_IN_TURN = (
    (_POLICY, Ground.POLICY),
    (_FULL, Ground.FULL),
    (_TOO_BIG, Ground.TOO_BIG),
    (_CONTENT, Ground.CONTENT),
    (_UNKNOWN, Ground.UNKNOWN),
    (_SUSPENDED, Ground.SUSPENDED),
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
    words = _NOISE.sub(" ", reply[:MAX_TEXT])
    by_code = _by_code(found) or (Ground.FULL if code == 552 and _FULL.search(words) else None)
    ground = by_code or _by_words(words, is_about_mailbox=bool(found and found.group(1) == "2"))
    is_unclear = _POLICY.search(words) or _is_passing(reply, words) or _is_policy(reply) or _NOT_HERE.fullmatch(reply)
    if ground in _DEAD_GROUNDS and is_unclear:
        return Ground.UNCLEAR  # one part of the answer says one thing and another part another, or it says two things
    return ground


def says_unknown(reply: str) -> bool:
    """Whether the words of an answer, apart from its code, say that there is no such recipient."""
    return bool(_UNKNOWN.search(_NOISE.sub(" ", reply[:MAX_TEXT])))


def _is_policy(reply: str) -> bool:
    """Whether a second code, or where the answer links to, says that it is about the sender."""
    return bool(_CONTRADICTS.search(reply[:MAX_TEXT]) or _LISTED_AT.search(reply[:MAX_TEXT]))


def is_for_all(code: int, reply: str, *, stage: Stage) -> bool:
    """Whether a refusal for now (4xx) would have met any other mail of the sender just as well.

    Before the server knew for whom the mail is, with the end of the connection, or since it has had too many.
    """
    if stage is Stage.MAIL or code == SERVICE_CLOSING or _OF_SYSTEM.match(reply):
        return True
    words = _NOISE.sub(" ", reply[:MAX_TEXT])
    is_full = _FULL.search(words) and not _OWN_QUOTA.search(words)
    is_of_recipient = _OF_MAILBOX.match(reply) or is_full or _GREYLISTED.search(reply)
    return bool(_FOR_ALL.search(words) or _OWN_QUOTA.search(words)) and not is_of_recipient


def _is_passing(reply: str, words: str) -> bool:
    """Whether the answer says that it may be another one tomorrow, though its code is one for good."""
    return bool(_PASSING_CODE.match(reply) or _PASSING.search(words))


def _by_code(found: re.Match[str] | None) -> Ground | None:
    if not found:
        return None
    subject, detail = found.groups()
    return _BY_CODE.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject)


def _by_words(words: str, *, is_about_mailbox: bool) -> Ground:
    for pattern, ground in _IN_TURN:
        if pattern.search(words):
            # 5.2.x is said of mailboxes that are there, whatever words stand behind it.
            return Ground.SUSPENDED if ground is Ground.UNKNOWN and is_about_mailbox else ground
    return Ground.UNCLEAR
