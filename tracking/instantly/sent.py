"""A mail that Instantly sent becomes a row of our ledger: once, whoever tells of it, in whatever order."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction

from campaigns.locks import retried
from campaigns.models import Campaign, Handover, Message, MessageStatus, Recipient
from campaigns.sending.advance import Sent, advance
from tracking.locks import hold_against_deletion, hold_recipients

# Two reports of one mail, by a webhook and by its list of mails, name times that lie closer together than two mails.
SAME_MAIL = timedelta(minutes=5)


@retried
@transaction.atomic
def record_sent(
    handover: Handover,
    recipient: Recipient,
    *,
    at: datetime,
    step: int | None = None,
    variant: int | None = None,
    email: str = "",
    subject: str = "",
) -> Message | None:
    """The message of a mail that Instantly sent to `recipient`; None where it was known, or cannot be placed.

    `step` and `variant` are as Instantly counts them, from 1. Without a step it is the next one, unless a mail of about
    that time or a later one, or of the number `email`, is known. It sends them in order: those before it that nobody
    told of were sent as well.
    """
    steps = handover.content.get("steps", [])
    hold_against_deletion([handover.campaign_id])
    hold_recipients([recipient.pk])
    known = {message.step_id: message for message in Message.objects.filter(recipient=recipient.pk)}
    if not Recipient.objects.filter(pk=recipient.pk).exists():
        return None
    place = _place(steps, known, step=step, email=email, at=at)
    if place is None or steps[place]["step"] in known:
        return None
    campaign = Campaign.objects.get(pk=handover.campaign_id)
    made: Message | None = None
    for number, each in enumerate(steps[: place + 1]):
        if each["step"] in known:
            continue
        mail = _Mail(at, variant, email, subject) if number == place else _Mail(at)
        made = _written(recipient, each, mail)
        advance([Sent(recipient.pk, each["step"], None)], campaign=campaign, at=at)
    return made


def message_of(handover: Handover, recipient: Recipient, step: int | None) -> Message | None:
    """The mail of that step, or without one the last that the recipient got."""
    steps = handover.content.get("steps", [])
    rows = Message.objects.filter(recipient=recipient, sent_at__isnull=False)
    if step is not None and step <= len(steps):
        return rows.filter(step=steps[step - 1]["step"]).first()
    return rows.order_by("-sent_at", "-pk").first()


def _place(
    steps: list[dict[str, Any]], known: Mapping[int, Message], *, step: int | None, email: str, at: datetime
) -> int | None:
    if step is not None:
        return step - 1 if step <= len(steps) else None
    for message in known.values():
        is_same = bool(email) and message.smtp_reply == email
        # An opened mail that nobody had told of is known with the time of its opening, and so are those before it.
        if is_same or (message.sent_at is not None and at < message.sent_at + SAME_MAIL):
            return None
    return next((number for number, each in enumerate(steps) if each["step"] not in known), None)


class _Mail(NamedTuple):
    """What is known of one; of those that nobody told of, when it was there at the latest."""

    at: datetime
    variant: int | None = None
    email: str = ""
    subject: str = ""


def _written(recipient: Recipient, step: Mapping[str, Any], mail: _Mail) -> Message:
    """`smtp_reply` holds by which number the mail was taken, as it does for other services."""
    variants = step["variants"]
    chosen = variants[mail.variant - 1] if mail.variant and mail.variant <= len(variants) else None
    if chosen is None and len(variants) == 1:
        chosen = variants[0]
    return Message.objects.create(
        recipient=recipient,
        step_id=step["step"],
        variant_id=chosen[0] if chosen else None,
        step_version=chosen[1] if chosen else 1,
        status=MessageStatus.SENT,
        attempts=1,
        attempted_at=mail.at,
        sent_at=mail.at,
        subject=mail.subject,
        smtp_reply=mail.email[:2000],
    )
