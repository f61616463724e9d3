"""What webhooks are told of campaigns, recipients, mails and senders, where each state moves, in its transaction.

Told are keys, names of campaigns, the recipient's address, times and reasons; never what a mail says.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns.models import Campaign, ExitReason, Message, Recipient, Sender
from campaigns_project.webhooks.emit import emit, emit_all
from campaigns_project.webhooks.events import EventType

# The verbs of which others are told; the rest concern nobody outside.
_VERBS = {
    "start": EventType.CAMPAIGN_STARTED,
    "pause": EventType.CAMPAIGN_PAUSED,
    "resume": EventType.CAMPAIGN_RESUMED,
    "stop": EventType.CAMPAIGN_STOPPED,
}


def tell_of_verb(verb: str, campaign: Campaign, *, at: datetime, reason: str = "") -> None:
    """A person, or the schedule, took `verb`."""
    if verb in _VERBS:
        tell_of_campaign(_VERBS[verb], campaign, at=at, reason=reason)


def tell_of_campaign(
    event_type: EventType, campaign: Campaign, *, at: datetime, code: str = "", reason: str = ""
) -> None:
    """`code` is why the system did it, empty where a person did; `reason` a sentence."""
    data = {**_campaign(campaign), "code": code, "reason": reason}
    emit(organization_id=campaign.organization_id, event_type=event_type, data=data, at=at)


def tell_of_recipient(
    event_type: EventType, recipient: Recipient, *, at: datetime, more: Mapping[str, Any] | None = None
) -> None:
    """News of one recipient, who is read with campaign."""
    organization_id = recipient.campaign.organization_id
    data = {**_recipient(recipient), **(more or {})}
    emit(organization_id=organization_id, event_type=event_type, data=data, at=at)


def tell_of_exits(ids: Sequence[int], *, reason: ExitReason, at: datetime) -> None:
    """These recipients left. To be asked for only where somebody listens: it reads them."""
    by_organization: dict[int, list[dict[str, Any]]] = {}
    for recipient in _read(ids):
        told = {**_recipient(recipient), "exit_reason": reason}
        by_organization.setdefault(recipient.campaign.organization_id, []).append(told)
    for organization_id, events in by_organization.items():
        emit_all(organization_id=organization_id, event_type=EventType.RECIPIENT_EXITED, events=events, at=at)


def tell_of_mails(pairs: Sequence[tuple[int, int]], *, campaign: Campaign, at: datetime) -> None:
    """Mails that were sent, by recipient and step. To be asked for only where somebody listens: it reads them."""
    wanted = set(pairs)
    sent = Message.objects.filter(recipient__in={recipient for recipient, _ in wanted}).select_related(
        "recipient__campaign", "step"
    )
    events = [
        {
            **_recipient(message.recipient),
            "message_id": message.pk,
            "rfc_message_id": message.message_id,
            "step_id": message.step_id,
            "step": message.step.position,
            "sender_id": message.sender_id,
        }
        for message in sent.order_by("pk")
        if (message.recipient_id, message.step_id) in wanted
    ]
    emit_all(organization_id=campaign.organization_id, event_type=EventType.MESSAGE_SENT, events=events, at=at)


def tell_of_sender(event_type: EventType, sender: Sender, *, at: datetime, reason: str) -> None:
    """A sender was paused or resumed."""
    data = {"sender_id": sender.pk, "email": sender.email, "reason": reason}
    emit(organization_id=sender.organization_id, event_type=event_type, data=data, at=at)


def _read(ids: Sequence[int]):
    return Recipient.objects.filter(pk__in=ids).select_related("campaign").order_by("pk")


def _campaign(campaign: Campaign) -> dict[str, Any]:
    return {"campaign": {"id": campaign.pk, "campaign_id": campaign.campaign_id, "name": campaign.name}}


def _recipient(recipient: Recipient) -> dict[str, Any]:
    return {
        **_campaign(recipient.campaign),
        "recipient_id": recipient.pk,
        "lead_id": recipient.lead_id,
        "email": recipient.email_address,
    }
