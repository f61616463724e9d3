"""Whose fault a 5xx is, from its enhanced status code (RFC 3463, 5248) and its words.

Wrongly calling an address dead loses a person for good; of the bounces in public collections about a third are the
sender's own fault. So: dead only where the code or the words say so and nothing contradicts, and OTHER in doubt.
"""

import re

from campaigns.delivery.outcomes import Kind, Stage

MAX_TEXT = 2_000  # characters looked at
SERVICE_CLOSING = 421
_ENHANCED = re.compile(r"(?<![\d.])5\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_PASSING_CODE = re.compile(r"\d{3}[ -]4\.\d{1,3}\.\d{1,3}(?![\d.])")  # right behind a 5xx, which it contradicts
# An address or a link may hold any word, and says nothing about the reason.
_NOISE = re.compile(r"<[^<>]*>|\S*@\S*|https?://\S+")

_BY_CODE = {
    **dict.fromkeys(("1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4"), Kind.ADDRESS_DEAD),
    **dict.fromkeys(("1.7", "1.8"), Kind.POLICY),  # the *sender's* address is bad
    "2.2": Kind.MAILBOX_FULL,
    **dict.fromkeys(("2.3", "3.4"), Kind.CONTENT),  # too big
}
_BY_SUBJECT = {"6": Kind.CONTENT, "7": Kind.POLICY}


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
    *("your (?:daily|hourly) limit", r"e?-?mails per (?:hour|day)", "sending activity"),
)
_FULL = _phrases(
    *("mailbox (?:is )?full", "full mailbox", "over ?quota", "quota exceeded", r"exceed\w* (?:\w+ )?quota"),
    *("out of (?:storage|space)", "insufficient (?:system )?storage", "storage (?:limit|allocation)"),
)
_CONTENT = _phrases(
    *("too (?:big|large|long)", "message size", "size limit", r"attachment\w*", "virus", "malware", "malformed"),
    *("content rejected", "message content", "line too long"),
)
_PASSING = _phrases(r"temporar\w+", r"(?:try|retry|again) (?:\w+ )?later", "at this time")
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
_OF_MAILBOX = re.compile(r"\d{3}[ -]4\.2\.\d{1,3}(?![\d.])")  # the recipient's: full, or written to too much by all
_GREYLISTED = re.compile(r"gr[ae]y[ -]?list", re.IGNORECASE)  # each recipient has to be asked for once, and goes later
# What OpenSMTPD says of whomever it takes no mail for: nobody there has that name, or we may not send through it.
_NOT_HERE = re.compile(r"550 Invalid recipient: <[^<>]*>")
_SOMEONE = "(?:user|recipient|mailbox|account|address|alias|host|domain)"
_DEAD = _phrases(
    rf"{_SOMEONE}(?: \w+)? (?:is )?(?:unknown|unavailable|invalid|disabled|inactive|deactivated|suspended|closed)",
    rf"{_SOMEONE}(?: \w+)? (?:is )?not (?:found|known|valid|listed|exist\w*)",
    rf"(?:unknown|invalid|bad|nonexistent|no such|inactive) (?:\w+ )?(?:{_SOMEONE}|person)",
    *("does(?: not|n'?t) exist", "doesn'?t have an? .{0,30}account", "no mailbox", "has moved", "unrouteable"),
    "no longer (?:available|valid|active|accepting|in use|employed|here)",
    *("recipient (?:address )?rejected: access denied", "not our customer", "null mx"),
)


def kind_of(code: int, reply: str, *, stage: Stage) -> Kind:
    """The kind of a permanent refusal. Dead or full only in answer to RCPT: later answers are about the mail."""
    found = _ENHANCED.search(reply[:MAX_TEXT])
    words = _NOISE.sub(" ", reply[:MAX_TEXT])
    by_code = _by_code(found) or (Kind.MAILBOX_FULL if code == 552 and _FULL.search(words) else None)
    kind = by_code or _by_words(words)
    if stage is not Stage.RCPT:
        return Kind.POLICY if kind is Kind.POLICY else Kind.CONTENT
    if kind is Kind.ADDRESS_DEAD and (_POLICY.search(words) or _is_passing(reply, words) or _NOT_HERE.fullmatch(reply)):
        return Kind.OTHER  # one part of the answer says one thing and another part another, or it says two things
    return kind


def is_for_all(code: int, reply: str, *, stage: Stage) -> bool:
    """Whether a refusal for now (4xx) would have met any other mail of the sender just as well.

    Before the server knew for whom the mail is, with the end of the connection, or since it has had too many.
    """
    if stage is Stage.MAIL or code == SERVICE_CLOSING:
        return True
    words = _NOISE.sub(" ", reply[:MAX_TEXT])
    is_of_recipient = _OF_MAILBOX.match(reply) or _FULL.search(words) or _GREYLISTED.search(reply)
    return bool(_FOR_ALL.search(words)) and not is_of_recipient


def _is_passing(reply: str, words: str) -> bool:
    """Whether the answer says that it may be another one tomorrow, though its code is one for good."""
    return bool(_PASSING_CODE.match(reply) or _PASSING.search(words))


def _by_code(found: re.Match[str] | None) -> Kind | None:
    if not found:
        return None
    subject, detail = found.groups()
    return _BY_CODE.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject)


def _by_words(words: str) -> Kind:
    for pattern, kind in ((_POLICY, Kind.POLICY), (_FULL, Kind.MAILBOX_FULL), (_CONTENT, Kind.CONTENT)):
        if pattern.search(words):
            return kind
    return Kind.ADDRESS_DEAD if _DEAD.search(words) else Kind.OTHER
