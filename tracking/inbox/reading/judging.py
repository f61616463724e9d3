"""Which class a failure is of: the one place where a mailed bounce may condemn an address."""

import re
from collections.abc import Collection

from campaigns.delivery.classify import Ground, ground_of, says_unknown
from tracking.bounce_kind import BounceKind
from tracking.inbox.reading.reports import Told

_LATER = re.compile(
    r"(?:end of|after|to|for) (?:end[- ]of[- ])?(?:the )?(?:data|text|message content)(?: \(?end of|\b)|"
    r"\bDATA command|>>> DATA|\[BODY\]|SMTP:DATA|did not like our (?:DATA|EOM)",
    re.IGNORECASE,
)
_TO_RCPT = re.compile(
    r"RCPT[ _]TO\b(?!: \S+\n)|after RCPT|RCPT command|SMTP:RCPT|>>> ?RCPT|server has rejected address|"
    r"address not found",
    re.IGNORECASE,
)
_OF_ADDRESSES = re.compile(r"(?<![\d.])5\.(?:1\.(?:[1-36]|10)|4\.[14])(?![\d.])")
_BY_THOSE_WHO_KNOW = re.compile(
    r"(?:host|domain)(?: [\w.-]+)? (?:is )?(?:not found|unknown|does not exist)|unknown host|no such (?:host|domain)|"
    r"unrouteable|"
    r"recipient name is not recogni[sz]ed|000C05A6|address couldn['’]?t be found|not listed in|delivery error: dd |"
    r"no smtp service|does not accept mail",
    re.IGNORECASE,
)
# Google's heading, of a blocked mail and one to a full mailbox it is another; and the answers that need it.
_HEADING = re.compile(r"^\*\* (.{3,80}) \*\*$", re.MULTILINE)
_ADDRESS_REJECTED = re.compile(r"address rejected", re.IGNORECASE)


def kind_of(one: Told, said: str) -> BounceKind:
    """Hard only where a refusal for good says that there is no such recipient, and nothing speaks against it.

    "User unknown" alone is what servers also say of mails that they, or their users, do not want. It is believed
    beside a code for addresses (5.1.x), as the answer to RCPT, and from those who know: the recipient's own system.
    """
    ground = ground_of(one.code or 550, _as_answer(one))
    if ground in (Ground.POLICY, Ground.CONTENT):
        return BounceKind.SENDER
    is_passing = one.status.startswith("4") or (one.code is not None and 400 <= one.code < 500)
    is_rejected = ground is Ground.UNCLEAR and bool(_ADDRESS_REJECTED.search(one.diagnostic))
    heading = _HEADING.search(said)
    found_nobody = bool(heading and says_unknown(heading.group(1)))
    if is_rejected and not is_passing and found_nobody:
        return BounceKind.HARD
    if is_passing or ground not in (Ground.UNKNOWN, Ground.SUSPENDED) or _LATER.search(one.diagnostic):
        return BounceKind.SOFT
    codes = f"{one.status} {one.diagnostic}"
    if ground is Ground.UNKNOWN and (
        _OF_ADDRESSES.search(codes) or _BY_THOSE_WHO_KNOW.search(f"{one.diagnostic}\n{said}")
    ):
        return BounceKind.HARD
    is_answer_to_rcpt = (found_nobody or bool(_TO_RCPT.search(said))) and not _LATER.search(said)
    return BounceKind.HARD if is_answer_to_rcpt and says_unknown(one.diagnostic) else BounceKind.SOFT


def _as_answer(one: Told) -> str:
    """Status and words as a server would have put them; a status that says nothing is left out."""
    if one.status and one.status not in one.diagnostic and not one.status.endswith(".0.0"):
        return f"{one.code or 550} {one.status} {one.diagnostic}"
    return one.diagnostic


def together(kinds: Collection[BounceKind]) -> BounceKind:
    """Hard if all are: what is not surely dead is not to be suppressed along with what is."""
    if all(kind is BounceKind.HARD for kind in kinds):
        return BounceKind.HARD
    return BounceKind.SENDER if BounceKind.SENDER in kinds else BounceKind.SOFT
