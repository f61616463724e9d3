"""From the bytes of a mail to what it is: a complaint, a bounce, an answer of a machine, or one of a person."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from campaigns.content.return_path import read_return_path
from tracking.inbox.reading import automatic, bounces, complaints, notices, wishes
from tracking.inbox.reading.addresses import addressees, first_address
from tracking.inbox.reading.bounces import Bounce
from tracking.inbox.reading.complaints import Complaint
from tracking.inbox.reading.flowed import unflowed
from tracking.inbox.reading.html import text_of
from tracking.inbox.reading.mime import Part, parse
from tracking.inbox.reading.notices import Notice
from tracking.inbox.reading.original import Original
from tracking.inbox.reading.replies import MAX_ANSWER, new_words
from tracking.inbox.reading.reports import Told
from tracking.inbox.reading.result import MailKind, Reading

MAX_IDS = 50
MAX_SUBJECT = 500
MAX_DIAGNOSTIC = 500
# Every header in which a server may write whom a mail came to; the nearest to the mailbox first.
_DELIVERED_TO = (
    *("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-forwarded-to", "x-rcpt-to"),
    *("apparently-to", "resent-to", "to", "cc", "bcc", "x-failed-recipients"),
)
_SENT_FROM = ("return-path", "x-envelope-from", "envelope-sender", "errors-to", "sender", "from", "received")
_ID = re.compile(r"<[^<>\s@]{1,250}@[^<>\s]{1,250}>")
_ID_IN_TEXT = re.compile(r"message[-_ ]?id\W{0,8}?(<[^<>\s@]{1,250}@[^<>\s]{1,250}>)", re.IGNORECASE)


def read_mail(raw: bytes) -> Reading:
    """What the mail in `raw` says. Never raises, and takes a bounded time, whatever the bytes are."""
    mail = parse(raw)
    complaint = complaints.read(mail)
    if complaint:
        return _as_complaint(mail, complaint)
    bounce = bounces.read(mail)
    notice = None if bounce else notices.read(mail.text)
    if notice:
        return _as_notice(mail, notice)
    if bounce:
        return _as_bounce(mail, bounce)
    return _as_answer(mail)


def _as_complaint(mail: Part, complaint: Complaint) -> Reading:
    return _reading(
        mail,
        kind=MailKind.COMPLAINT if complaint.is_complaint else MailKind.OTHER,
        why=f"a feedback report (RFC 5965) says {complaint.feedback}",
        returned=complaint.original,
        human=complaint.human,
        addresses=complaint.addresses,
        text=complaint.human.strip()[:MAX_ANSWER],
    )


def _as_bounce(mail: Part, bounce: Bounce) -> Reading:
    first = bounce.told[0]
    has_failed = bounce.action == bounces.FAILED
    return _reading(
        mail,
        kind=MailKind.BOUNCE if has_failed else MailKind.OTHER,
        why=bounce.why,
        returned=bounce.original,
        human=f"{bounce.human}\n{bounce.machine}",
        bounce=bounce.kind if has_failed else None,
        addresses=bounce.addresses,
        text=bounce.human.strip()[:MAX_ANSWER],
        status=first.status,
        code=first.code,
        diagnostic=" ".join(first.diagnostic.split())[:MAX_DIAGNOSTIC],
    )


def _as_notice(mail: Part, notice: Notice) -> Reading:
    kinds = {"bounce": MailKind.BOUNCE, "complaint": MailKind.COMPLAINT}
    kind = kinds.get(notice.event, MailKind.OTHER)
    is_bounce = kind is MailKind.BOUNCE and bool(notice.told)
    first = notice.told[0] if is_bounce else Told("")
    return _reading(
        mail,
        kind=kind,
        why=f"a notice of Amazon SES says {notice.event}",
        returned=notice.original,
        bounce=bounces.kind_of_notice(notice) if kind is MailKind.BOUNCE else None,
        addresses=tuple(dict.fromkeys(one.address for one in notice.told if one.address)),
        status=first.status,
        code=first.code,
        diagnostic=first.diagnostic[:MAX_DIAGNOSTIC],
    )


def _as_answer(mail: Part) -> Reading:
    receipt = automatic.receipt(mail)
    if receipt:
        return _reading(mail, kind=MailKind.OTHER, why=receipt)
    words = _words(mail)
    machine = automatic.automatic_answer(mail, words)
    if machine:
        return _reading(mail, kind=MailKind.AUTO_REPLY, why=machine, text=words)
    nothing = automatic.answers_nothing(mail)
    if nothing:
        return _reading(mail, kind=MailKind.OTHER, why=nothing)
    if wishes.is_wish(words, sender=mail.get("from")):
        return _reading(
            mail, kind=MailKind.UNSUBSCRIBE, why="it asks for no more mails and says nothing else", text=words
        )
    if not words and wishes.is_wish_in_subject(mail.get("subject"), sender=mail.get("from")):
        return _reading(mail, kind=MailKind.UNSUBSCRIBE, why="it is empty, and its subject asks for no more mails")
    return _reading(mail, kind=MailKind.REPLY, why="nothing says that a machine wrote it", text=words)


def _words(mail: Part) -> str:
    """The new words, from the text part where there is one with anything in it, else from the page."""
    leaves = [part for part in bounces.outside(mail) if not part.parts and not _is_attached(part)]
    # Of a multipart whose boundary is nowhere all is text.
    plain = [part for part in leaves if part.type == "text/plain" or part.type.startswith("multipart/")]
    # Some mailing programs send an empty text beside the page.
    for text in (unflowed(part) for part in plain):
        if text.strip():
            return new_words(text)
    for page in (part.text for part in leaves if part.type == "text/html"):
        words = new_words(text_of(page)) or new_words(text_of(page, with_quotes=True))
        if words:
            return words
    return ""


def _is_attached(part: Part) -> bool:
    return part.get("content-disposition").lower().startswith("attachment")


def _reading(
    mail: Part, *, kind: MailKind, why: str, returned: Original | None = None, human: str = "", **told: Any
) -> Reading:
    own = _ids(mail.all("message-id"))
    values: dict[str, Any] = {
        "bounce": None,
        "addresses": (),
        "text": "",
        "status": "",
        "code": None,
        "diagnostic": "",
        **told,
    }
    return Reading(
        kind=kind,
        why=why,
        return_path_ids=_return_paths(mail, returned, human),
        message_ids=_message_ids(mail, returned, human),
        sender=first_address(mail.get("from")),
        subject=mail.get("subject")[:MAX_SUBJECT],
        message_id=own[0] if own else "",
        sent_at=_sent_at(mail),
        **values,
    )


def _return_paths(mail: Part, returned: Original | None, human: str) -> tuple[int, ...]:
    """The messages whose return path this mail was delivered to, or is named in what it returns."""
    near = addressees(value for name in _DELIVERED_TO for value in mail.all(name))
    far = addressees(value for name in _SENT_FROM for value in returned.all(name)) if returned else []
    if returned:
        far += addressees([human])
    read = (read_return_path(address) for address in [*near, *far])
    return tuple(dict.fromkeys(number for number in read if number is not None))[:MAX_IDS]


def _message_ids(mail: Part, returned: Original | None, human: str) -> tuple[str, ...]:
    """The mails that this one returns or answers, the nearest first."""
    found = _ids(returned.all("message-id")) if returned else []
    found += _ids(mail.all("x-original-message-id")) + _ids(mail.all("original-message-id"))
    found += _ids(mail.all("in-reply-to"))
    found += [each for value in mail.all("references") for each in reversed(_ids([value]))]
    if returned:
        found += _ID_IN_TEXT.findall(human)
    own = set(_ids(mail.all("message-id")))
    return tuple(each for each in dict.fromkeys(found) if each not in own)[:MAX_IDS]


def _ids(values: Iterable[str]) -> list[str]:
    return [each for value in values for each in _ID.findall(value)]


def _sent_at(mail: Part) -> datetime | None:
    try:
        at = parsedate_to_datetime(mail.get("date")[:100])
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # how a date cannot be read, by what is wrong with it
        return None
