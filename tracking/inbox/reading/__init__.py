"""What a raw mail is: a reply, an automatic one, a bounce, a complaint, an opt-out, or none of our business."""

import email
import email.policy
import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from enum import StrEnum

from campaigns.content.message_id import read_message_id
from campaigns.content.return_path import read_return_path
from tracking.consequences import BounceKind

LONGEST = 1_000_000  # bytes that are looked at
WORDS = 20_000  # characters of a reply that are kept
_ADDRESS = re.compile(r"[^\s<>,;:\"]{1,320}@[^\s<>,;:\"]{1,253}")
_ID = re.compile(r"<[^<>\s]{1,500}>")
_STATUS = re.compile(r"^Status:\s*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
_FINAL = re.compile(r"^(?:Final|Original)-Recipient:[^;\n]*;\s*(\S+@\S+)", re.IGNORECASE | re.MULTILINE)
_DIAGNOSTIC = re.compile(r"^Diagnostic-Code:\s*(.+)", re.IGNORECASE | re.MULTILINE)


class MailKind(StrEnum):
    REPLY = "reply"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mail says of itself; `why` is the evidence that decided its kind."""

    kind: MailKind
    bounce: BounceKind | None
    addresses: tuple[str, ...]
    return_path_ids: tuple[int, ...]
    message_ids: tuple[str, ...]
    sender: str
    subject: str
    text: str
    message_id: str
    sent_at: datetime | None
    status: str
    code: int | None
    diagnostic: str
    why: str


def read_mail(raw: bytes) -> Reading:
    """What `raw` is. Never raises; what cannot be read is OTHER."""
    raw = raw[:LONGEST]
    try:
        return _read(raw)
    except (ValueError, LookupError, TypeError, AttributeError):
        return Reading(MailKind.OTHER, None, (), (), (), "", "", "", "", None, "", None, "", "it cannot be read")


def _read(raw: bytes) -> Reading:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    whole = raw.decode("utf-8", "replace")
    kind, bounce, why = _kind(mail, whole)
    is_report = kind in (MailKind.BOUNCE, MailKind.COMPLAINT)
    status, diagnostic = _STATUS.search(whole), _DIAGNOSTIC.search(whole)
    sent_at = email.utils.parsedate_to_datetime(mail["Date"]) if mail["Date"] else None
    named = " ".join(str(mail[name] or "") for name in ("In-Reply-To", "References"))
    ids = [each for each in _ID.findall(whole) if read_message_id(each)] if is_report else _ID.findall(named)
    paths = (read_return_path(found) for found in _ADDRESS.findall(whole))
    return Reading(
        kind=kind,
        bounce=bounce,
        addresses=tuple(dict.fromkeys(_FINAL.findall(whole))) if is_report else (),
        return_path_ids=tuple(dict.fromkeys(found for found in paths if found is not None)),
        message_ids=tuple(dict.fromkeys(ids)),
        sender=email.utils.parseaddr(str(mail["From"] or ""))[1],
        subject=str(mail["Subject"] or "")[:500],
        text="" if is_report else _words(mail),
        message_id=str(mail["Message-ID"] or "").strip()[:500],
        sent_at=sent_at.replace(tzinfo=sent_at.tzinfo or UTC) if sent_at else None,
        status=status.group(1) if status else "",
        code=None,
        diagnostic=diagnostic.group(1).strip()[:1_000] if diagnostic else "",
        why=why,
    )


def _kind(mail: EmailMessage, whole: str) -> tuple[MailKind, BounceKind | None, str]:
    report = str(mail.get_param("report-type", "") or "").lower()
    if report == "feedback-report":
        return MailKind.COMPLAINT, None, "a feedback report (RFC 5965)"
    if report == "delivery-status":
        found = _STATUS.search(whole)
        hard = bool(found and found.group(1).startswith(("5.1.", "5.0.")))
        return MailKind.BOUNCE, BounceKind.HARD if hard else BounceKind.SOFT, "a delivery report (RFC 3464)"
    if str(mail["Auto-Submitted"] or "no").lower() != "no":
        return MailKind.AUTO_REPLY, None, "Auto-Submitted (RFC 3834)"
    if str(mail["Subject"] or "").strip().lower() == "unsubscribe":
        return MailKind.UNSUBSCRIBE, None, "the subject asks for it"
    if mail["In-Reply-To"] or mail["References"] or str(mail["Subject"] or "").lower().startswith("re:"):
        return MailKind.REPLY, None, "it answers a mail"
    return MailKind.OTHER, None, "it answers nothing"


def _words(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain",))
    text = body.get_content() if body is not None else ""
    kept = [line for line in text.splitlines() if not line.startswith(">")]
    return "\n".join(kept).strip()[:WORDS]
