"""Answering a mail of the sandbox as the one who got it, or as that one's mail server: the way real answers come in."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from campaigns.models import Message, Recipient
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import StateRefused
from campaigns_project.runtime.mailbox.answers import Answer, Sent, answer_to
from campaigns_project.runtime.mailbox.store import Mail
from tracking.inbox.take import Fate, take

NAME_BYTES = 12


@dataclass(frozen=True)
class Answered:
    """What came of it: how the mail was read, and how its recipient stands now."""

    kind: str
    recipient: Recipient


def message_of(mail: Mail) -> Message | None:
    """The campaign's message that this mail is; None for a test, or where its campaign is gone."""
    named = _header(mail, "Message-ID")
    found = Message.objects.filter(message_id=named).select_related("recipient__campaign__organization")
    return found.first() if named else None


def answer(*, mail: Mail, kind: Answer, words: str, actor: Actor, now: datetime) -> Answered:
    """Let it come back and be taken in at once, on record. StateRefused where it concerns nobody any more."""
    message = message_of(mail)
    if message is None:
        raise StateRefused("nobodys_mail", "This mail is of no campaign: an answer to it would concern nobody.")
    sent = Sent(
        address=mail.summary.rcpt_to,
        sender=mail.summary.mail_from,
        message_id=_header(mail, "Message-ID"),
        subject=mail.summary.subject,
    )
    raw = answer_to(sent, kind, words=words, name=secrets.token_hex(NAME_BYTES))
    campaign = message.recipient.campaign
    taken = take(raw, organization=campaign.organization, received_at=now, now=now, actor=actor)
    if taken.fate != Fate.TAKEN:
        raise StateRefused("answer_not_taken", f"Nothing came of it: the answer was {taken.fate}.")
    recipient = Recipient.objects.select_related("campaign", "lead").get(pk=message.recipient_id)
    return Answered(str(taken.kind), recipient)


def _header(mail: Mail, wanted: str) -> str:
    return next((value for name, value in mail.headers if name.lower() == wanted.lower()), "")
