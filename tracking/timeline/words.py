"""How mails, events and changes read in a timeline."""

from collections.abc import Mapping
from typing import Any

from campaigns.delivery.outcomes import Kind
from campaigns.models import Campaign, ExitReason, Message, MessageStatus, Recipient, Step, Variant
from campaigns.sending.gate import GateRefusal
from campaigns.sending.limits import LimitCode
from campaigns.sending.reasons import MessageReason
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.reading import act as audited
from campaigns_project.audit.reading import words as without_hashes
from leads.models import LeadChange
from tracking.machines import MachineReason
from tracking.models import EmailEvent, EventType
from tracking.sources import Source

REPLY_SHOWN = 200  # characters of what a mail server said
WORDS_SHOWN = 300  # characters of a reply
VALUE_SHOWN = 80  # characters of a field's value
CHANGES_SHOWN = 6  # fields in a line; the rest is counted

_REFUSED = {
    Kind.ADDRESS_DEAD: "the address is dead",
    Kind.MAILBOX_FULL: "the mailbox is full",
    Kind.POLICY: "the receiver blocks the sender",
    Kind.CONTENT: "the receiver refuses what is in it",
    Kind.OTHER: "the mail server refuses it, and does not say why",
}
_DOUBTS = {
    "dropped": "the connection broke off before the answer",
    "timeout": "the mail server did not answer in time",
    "garbage": "the mail server's answer makes no sense",
}
_WORDS: dict[str, str] = {
    **{kind.value: said for kind, said in _REFUSED.items()},
    **_DOUBTS,
    **dict(LimitCode.choices),
    **dict(GateRefusal.choices),
    **dict(MessageReason.choices),
    **dict(ExitReason.choices),
}
# What came back, and what follows from it.
_BOUNCES = {
    "hard": ("came back: the address is dead", "Nothing more is sent to it. Find another address of this person."),
    "soft": ("came back, for a reason that passes", "A full mailbox, a network in trouble: the sequence goes on."),
    "sender": ("was refused for a reason of ours", "The address is fine: look at the health of the sender."),
}


def step_of(step: Step, campaign: Campaign, variant: Variant | None = None) -> str:
    """`step 2 B of “Autumn”`."""
    label = f" {variant.label}" if variant else ""
    return f"step {step.position}{label} of “{campaign}”"


def exit_reason(code: str) -> str:
    """Why somebody left, as a part of a sentence."""
    return ExitReason(code).label


def how_soon(recipient: Recipient) -> str:
    """How long after the news somebody left whom a reply or a bounce took out; empty for all others."""
    came = {ExitReason.REPLIED: recipient.replied_at, ExitReason.HARD_BOUNCE: recipient.bounced_at}
    at = came.get(ExitReason(recipient.exit_reason))
    if at is None or recipient.exited_at is None or recipient.exited_at < at:
        return ""
    seconds = round((recipient.exited_at - at).total_seconds())
    if seconds == 0:
        return "at once"
    return f"{seconds:,} s after it came" if seconds < 120 else f"{seconds / 60:,.0f} min after it came"


def mail(message: Message, about: str) -> tuple[str, str]:
    """What became of a mail: a sentence, and what the mail server said of it."""
    why = reason(message.reason)
    sentences = {
        MessageStatus.PENDING: f"{about} waits to be tried again",
        MessageStatus.CLAIMED: f"{about} is with a worker now",
        MessageStatus.SENDING: f"{about} is at the mail server now",
        MessageStatus.SENT: f"{about} was sent" + (f" via {message.sender.email}" if message.sender else ""),
        MessageStatus.DEFERRED: f"{about} was put off by the mail server and is tried again",
        MessageStatus.FAILED: f"{about} was not sent: {why}",
        MessageStatus.SKIPPED: f"{about} was not sent: {why}",
        MessageStatus.UNCERTAIN: f"{about} may have arrived, and nobody can know: {why}",
    }
    return _sentence(sentences[MessageStatus(message.status)]), message.smtp_reply[:REPLY_SHOWN]


def reason(code: str) -> str:
    """Why a message stands where it stands, as a part of a sentence."""
    return _WORDS.get(code) or code.replace("_", " ")


def event(happened: EmailEvent, about: str) -> tuple[str, str]:
    """What somebody, or something, did: a sentence, and what there is to know beside it."""
    data = happened.event_data
    if happened.is_machine:
        did = "loaded" if happened.event_type == EventType.OPEN else "followed a link in"
        return f"A program {did} {about}", _machine(happened.machine_reason)
    if happened.event_type == EventType.BOUNCE:
        said, advice = _BOUNCES.get(str(data.get("kind")), ("came back", ""))
        told = f"“{reply}”" if (reply := _reply(data)) else ""
        return _sentence(f"{about} {said}"), " ".join(filter(None, (told, advice)))
    return _DID[EventType(happened.event_type)].format(about=about), _beside(happened)


_DID = {
    EventType.OPEN: "Opened {about}",
    EventType.CLICK: "Clicked a link in {about}",
    EventType.REPLY: "Replied to {about}",
    EventType.FORWARD: "Forwarded {about}",
    EventType.UNSUBSCRIBE: "Unsubscribed in {about}",
    EventType.COMPLAIN: "Reported {about} as spam",
}


def changes(changed: Mapping[str, Any]) -> str:
    """`company “Acme” → “Acme GmbH”, title none → “CEO”`."""
    told = [f"{_field(name)} {_value(before)} → {_value(after)}" for name, (before, after) in sorted(changed.items())]
    more = len(told) - CHANGES_SHOWN
    return ", ".join(told[:CHANGES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def origin(change: LeadChange) -> str:
    """By what fields were changed: `Import leads.csv, row 81`."""
    if change.lead_import is None:
        return change.get_source_display()
    row = f", row {change.row_number:,}" if change.row_number else ""
    return f"{change.get_source_display()} {change.lead_import.file_name}{row}"


# What was done to a lead; the words of campaigns, mails and imports tell of all else.
_ACTS = {
    "lead.created": "Added",
    "lead.booked": "Booked a meeting",
    "lead.booking_taken_back": "The booking was a mistake, and was taken back",
    "lead.de_enrolled": "Taken out of every campaign",
    "lead.allowed_again": "May be written to again: the suppression was removed",
    "lead.exported": "All that is held of this person was exported",
    "lead.erasure_requested": "Their erasure was asked for",
}
_VIA = {"admin": "by hand", "api": "by the API"}


def act(entry: AuditLog) -> tuple[str, str]:
    """What somebody did to the lead: a sentence, and why."""
    said = _ACTS.get(entry.action) or audited(entry.action)
    how = _VIA.get(entry.via, "") if entry.action == "lead.created" else ""
    return f"{said} {how}".strip(), without_hashes(entry.reason)


def _field(name: str) -> str:
    return name.removeprefix("custom.").replace("_", " ")


def _value(value: Any) -> str:
    if value in ("", None, []):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"“{text[:VALUE_SHOWN]}{'…' if len(text) > VALUE_SHOWN else ''}”"


def _machine(code: str) -> str:
    return f"{MachineReason(code).label}." if code in MachineReason.values else f"{code.replace('_', ' ')}."


def _beside(happened: EmailEvent) -> str:
    if happened.source == Source.ONE_CLICK:
        return "By the button of the mail program."
    data = happened.event_data
    return str(data.get("url") or data.get("subject") or data.get("reason") or "")


def _reply(data: Mapping[str, Any]) -> str:
    return str(data.get("reply") or data.get("reason") or data.get("diagnostic") or "")[:REPLY_SHOWN]


def shortened(text: str) -> str:
    """The first words of what somebody wrote, on one line."""
    words = " ".join(text.split())
    return words[:WORDS_SHOWN] + ("…" if len(words) > WORDS_SHOWN else "")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
