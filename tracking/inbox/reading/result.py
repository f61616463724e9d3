"""What reading a mail gives: values alone, which say nothing yet about whose mail it is an answer to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tracking.bounce_kind import BounceKind


class MailKind(StrEnum):
    """What an incoming mail is to a campaign."""

    REPLY = "reply"
    AUTO_REPLY = "auto_reply"  # a machine answered for the person; they stay in
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"  # a person who wrote nothing but that they want no more
    OTHER = "other"  # answers nothing: newsletters, notices of delay, receipts


@dataclass(frozen=True, slots=True)
class Reading:
    """How a mail is read, and why so. Addresses are in lower case; lists hold each thing once, the nearest first."""

    kind: MailKind
    bounce: BounceKind | None  # of a bounce alone
    addresses: tuple[str, ...]  # the recipients that a bounce or complaint speaks of
    return_path_ids: tuple[int, ...]  # messages whose signed return path it came to, or is in what it returns
    message_ids: tuple[str, ...]  # of mails that it answers or returns
    sender: str
    subject: str
    text: str  # of an answer its new words alone; of a bounce what it says to people
    message_id: str
    sent_at: datetime | None
    status: str  # RFC 3463: 5.1.1
    code: int | None  # RFC 5321: 550
    diagnostic: str  # what the server said, on one line
    why: str  # the rule that decided
