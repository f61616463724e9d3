"""Why mails of a campaign did not arrive, in words, each with the rows behind it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from campaigns.delivery.outcomes import Kind
from campaigns.sending.reasons import MessageReason
from tracking.analytics.undelivered import Undelivered
from tracking.bounce_kind import BounceKind

_REFUSED = {
    Kind.ADDRESS_DEAD: "Refused: the address is dead",
    Kind.MAILBOX_FULL: "Refused: the mailbox is full",
    Kind.POLICY: "Refused because of the sender: blocked, or not trusted",
    Kind.CONTENT: "Refused because of what the mail says",
    Kind.OTHER: "Refused for good, without a reason",
}
_CAME_BACK = {
    BounceKind.HARD: "Came back: the address is dead",
    BounceKind.SOFT: "Came back, for a reason that passes",
    BounceKind.SENDER: "Came back because of the sender",
}
# What the second number of a status is about (RFC 3463, section 3).
_SUBJECTS = {
    "1": "the address",
    "2": "the mailbox",
    "3": "the receiving system",
    "4": "the network or routing",
    "5": "the protocol",
    "6": "the content",
    "7": "security or policy",
}
_PARTS_OF_A_STATUS = 3


@dataclass(frozen=True)
class Cause:
    """So many mails for one reason; `most` are those of the most frequent."""

    words: str
    mails: int
    most: int
    url: str


def why_not(found: Sequence[Undelivered], *, campaign: int) -> list[Cause]:
    """The causes, the most frequent first."""
    mails: Counter[tuple[str, str]] = Counter()
    for row in found:
        mails[_words(row), row["how"]] += row["mails"]
    most = max(mails.values(), default=0)
    lists = {
        "failed": f"{reverse('admin:campaigns_message_changelist')}?campaign={campaign}&place=failed",
        "bounced": f"{reverse('admin:tracking_emailevent_changelist')}?campaign={campaign}&event_type__exact=bounce",
    }
    return [Cause(words, number, most, lists[how]) for (words, how), number in mails.most_common()]


def _words(row: Undelivered) -> str:
    reason = row["reason"]
    if row["how"] == "bounced":
        said = _CAME_BACK.get(BounceKind(reason)) if reason in list(BounceKind) else None
        return " ".join(filter(None, (said or "Came back", _about(row["status"]))))
    if reason in list(Kind):
        return _REFUSED[Kind(reason)]
    said = MessageReason(reason).label if reason in MessageReason.values else reason.replace("_", " ")
    return said[:1].upper() + said[1:]


def _about(status: str) -> str:
    """What a status says besides: `(5.7.1: security or policy)`."""
    parts = status.split(".")
    subject = _SUBJECTS.get(parts[1]) if len(parts) == _PARTS_OF_A_STATUS else None
    return f"({status}: {subject})" if subject else f"({status})" if status else ""
