"""What follows from an event: who is out, who is suppressed, what is counted.

The state follows the rank of the news and never the order in which it came (`campaigns.enrollment.outrank`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from campaigns.enrollment.outrank import leave
from campaigns.locks import retried
from campaigns.models import Campaign, ExitReason, Message, Recipient
from campaigns.sending import evidence, guard
from campaigns.telling import tell_of_recipient
from campaigns_project.webhooks import events
from leads.addresses import stored_form
from leads.models import SuppressionReason
from leads.suppression import addresses_of, suppress
from tracking import addressees
from tracking.addressees import Addressee
from tracking.bounce_kind import BounceKind
from tracking.locks import hold_person
from tracking.models import EmailEvent, EventType


@dataclass(frozen=True, slots=True)
class UnsubscribeResult:
    """Who left; `is_first` is False when they had done so before."""

    addressee: Addressee
    is_first: bool


@retried
@transaction.atomic
def unsubscribe(
    *,
    message_id: int,
    lead_id: int = 0,
    source: str,
    user_agent: str = "",
    ip_address: str | None = None,
    now: datetime,
) -> UnsubscribeResult | None:
    """Never write to the person behind this message again; None when nobody can tell any more who that was.

    Where the campaign was deleted and the message with it, `lead_id` tells. A second time changes nothing and answers
    the same. Where an operator lifted the suppression in between, it comes back: the person's wish is the newer one.
    """
    message = addressees.find(message_id=message_id)
    recipient = hold_person(message.recipient) if message else None
    if message is None or recipient is None:
        return _unsubscribe_lead(lead_id, now)
    _follow(recipient, EventType.UNSUBSCRIBE, now)
    before = EmailEvent.objects.filter(campaign_recipient=recipient, event_type=EventType.UNSUBSCRIBE)
    is_first = not before.exists()
    if is_first:
        EmailEvent.objects.create(
            campaign_recipient=recipient,
            message=_still_there(message),
            event_type=EventType.UNSUBSCRIBE,
            user_agent=user_agent,
            ip_address=ip_address,
            source=source,
            created_at=now,
        )
        _tell(recipient, EventType.UNSUBSCRIBE, {}, source, now)
    return UnsubscribeResult(addressee=addressees.describe(message), is_first=is_first)


def _unsubscribe_lead(lead_id: int, now: datetime) -> UnsubscribeResult | None:
    lead = addressees.find_lead(lead_id=lead_id)
    if lead is None:
        return None
    is_first = not addressees.describe_lead(lead).is_unsubscribed
    for address in sorted(addresses_of(lead)):
        suppress(
            organization=lead.organization,
            address=address,
            reason=SuppressionReason.UNSUBSCRIBED,
            source="a mail that is gone",
            at=now,
            is_stored=True,
        )
    return UnsubscribeResult(addressee=addressees.describe_lead(lead), is_first=is_first)


@retried
@transaction.atomic
def record_event(
    *,
    recipient: Recipient,
    event_type: EventType,
    at: datetime,
    source: str,
    source_event_id: str | None = None,
    message: Message | None = None,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Write what a mail server or provider reported of `recipient`, with all that follows from it.

    False, and nothing done, when `source` had told of `source_event_id` before, or the recipient is gone. `at` is when
    it happened, by the source's clock. A bounce says in `data["kind"]` what it is (BounceKind). Opens and clicks are
    not for here but for `tracking.ingest`, which counts by the thousand.
    """
    if event_type in {EventType.OPEN, EventType.CLICK}:
        raise ValueError(f"an event of the type {event_type} is noted as a RawEvent and counted by tracking.ingest")
    current = hold_person(recipient)
    if current is None or _is_known(source, source_event_id):
        return False
    recipient, message = current, _still_there(message)
    details = dict(data or {})
    if event_type != EventType.BOUNCE or details.get("kind") == BounceKind.HARD:
        _follow(recipient, event_type, at)
    if message:
        evidence.confirm(message_ids=[message.pk], at=at)
    EmailEvent.objects.create(
        campaign_recipient=recipient,
        message=message,
        event_type=event_type,
        event_data=details,
        source=source,
        source_event_id=source_event_id,
        created_at=at,
    )
    _tell(recipient, event_type, details, source, at)
    if event_type == EventType.COMPLAIN or details.get("kind") == BounceKind.HARD:
        _tell_the_guard(recipient, message, at)
    return True


_EXITS = {
    EventType.REPLY: ExitReason.REPLIED,
    EventType.BOUNCE: ExitReason.HARD_BOUNCE,
    EventType.UNSUBSCRIBE: ExitReason.UNSUBSCRIBED,
    EventType.COMPLAIN: ExitReason.COMPLAINED,
}
_SUPPRESSIONS = {
    EventType.BOUNCE: SuppressionReason.HARD_BOUNCE,
    EventType.UNSUBSCRIBE: SuppressionReason.UNSUBSCRIBED,
    EventType.COMPLAIN: SuppressionReason.COMPLAINT,
}
_FIRST_TIMES = {
    EventType.REPLY: ("replied_at", "emails_replied"),
    EventType.BOUNCE: ("bounced_at", "emails_bounced"),
}


# Of a forward nobody outside is told.
_TOLD = {
    EventType.REPLY: events.EventType.RECIPIENT_REPLIED,
    EventType.BOUNCE: events.EventType.RECIPIENT_BOUNCED,
    EventType.UNSUBSCRIBE: events.EventType.RECIPIENT_UNSUBSCRIBED,
    EventType.COMPLAIN: events.EventType.RECIPIENT_COMPLAINED,
}


def _tell(recipient: Recipient, event_type: EventType, details: Mapping[str, Any], source: str, at: datetime) -> None:
    """Webhooks, of the news itself; what a mail said, and its headers, stay here."""
    if event_type in _TOLD:
        kind = {"kind": details.get("kind", "")} if event_type == EventType.BOUNCE else {}
        tell_of_recipient(_TOLD[event_type], recipient, at=at, more={**kind, "source": source})


def _tell_the_guard(recipient: Recipient, message: Message | None, at: datetime) -> None:
    sender = message.sender_id if message else recipient.sender_id
    if sender is not None:
        guard.judge(senders=[sender], now=at)


def _still_there(message: Message | None) -> Message | None:
    """None for a mail that went when two leads were made one: the other one of the same step stayed."""
    return Message.objects.filter(pk=message.pk).first() if message else None


def _is_known(source: str, source_event_id: str | None) -> bool:
    known = EmailEvent.objects.filter(source=source, source_event_id=source_event_id)
    return source_event_id is not None and known.exists()


def _follow(recipient: Recipient, event_type: EventType, at: datetime) -> None:
    if event_type in _SUPPRESSIONS:
        _suppress(recipient, event_type, at)
    if event_type in _EXITS and (event_type != EventType.REPLY or recipient.campaign.stop_on_reply):
        leave(recipient.pk, reason=_EXITS[event_type], at=at)
    if event_type in _FIRST_TIMES:
        _count_first(recipient, *_FIRST_TIMES[event_type], at)


def _suppress(recipient: Recipient, event_type: EventType, at: datetime) -> None:
    """The address the mail went to and all others the person has or had; a dead address alone."""
    addresses = {stored_form(recipient.email_address)}
    if event_type != EventType.BOUNCE:
        addresses |= addresses_of(recipient.lead)
    for address in sorted(addresses):
        suppress(
            organization=recipient.campaign.organization,
            address=address,
            reason=_SUPPRESSIONS[event_type],
            source=f"campaign {recipient.campaign_id}",
            at=at,
            is_stored=True,
        )


def _count_first(recipient: Recipient, field: str, counter: str, at: datetime) -> None:
    """Set the recipient's first time of something and count the recipient; keep the earlier of two times."""
    this = Recipient.objects.filter(pk=recipient.pk)
    if this.filter(**{field: None}).update(**{field: at}):
        Campaign.objects.filter(pk=recipient.campaign_id).update(**{counter: F(counter) + 1})
    else:
        this.filter(**{f"{field}__gt": at}).update(**{field: at})
