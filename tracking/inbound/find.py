"""The mail that a report is about, among those of the sender's organization and no other's."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from campaigns.content.return_path import read_return_path
from campaigns.models import Message, Sender
from leads.addresses import stored_form

LONGEST = 255  # characters of a Message-ID
MOST = 50  # mails of one sender to one address that are looked at
WITHIN = timedelta(days=30)  # reports of a mail that come later are not laid upon it by address alone
AHEAD = timedelta(minutes=5)  # that another machine's clock may be before ours


def named_message(event: Any, *, sender: Sender) -> Message | None:
    """The mail by what we gave the service to hand back, by its Message-ID or its return path."""
    written = {text for text in _message_ids(event) if text != "<>"}
    own = _of_organization(sender)
    return (own.filter(message_id__in=written).first() if written else None) or _by_return_path(own, event)


def find_message(event: Any, *, sender: Sender, at: datetime) -> Message | None:
    """The same, else by the service's own number for it, else the last that `sender` had sent to the address by then.

    None where no mail of the organization fits.
    """
    return named_message(event, sender=sender) or _by_address(_of_organization(sender), event, sender, at)


def _of_organization(sender: Sender) -> QuerySet[Message]:
    people = Message.objects.select_related("recipient__campaign__organization", "recipient__lead")
    return people.filter(recipient__campaign__organization=sender.organization_id)


def _message_ids(event: Any) -> Iterator[str]:
    """Every text of the report that may be a Message-ID of ours."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    yield from map(_bracketed, [metadata.get("message_id"), event.message_id])
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    for holder in (raw.get("mail"), raw.get("data"), (raw.get("payload") or {})):
        if not isinstance(holder, dict):
            continue
        for header in holder.get("headers") or []:
            if isinstance(header, dict) and str(header.get("name")).lower() == "message-id":
                yield _bracketed(header.get("value"))
        for name in ("commonHeaders", "message", "original_message"):
            inner = holder.get(name)
            if isinstance(inner, dict):
                yield from map(_bracketed, [inner.get("messageId"), inner.get("message_id")])


def _bracketed(text: Any) -> str:
    return f"<{str(text or '').strip().strip('<>').replace('\x00', '')[:LONGEST]}>"


def _by_return_path(own: QuerySet[Message], event: Any) -> Message | None:
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    mail = raw.get("mail")
    source = mail.get("source") if isinstance(mail, dict) else raw.get("return_path")
    number = read_return_path(str(source or ""))
    return own.filter(pk=number).first() if number else None


def _by_address(own: QuerySet[Message], event: Any, sender: Sender, at: datetime) -> Message | None:
    address = str(event.recipient or "").replace("\x00", "").strip()
    if not address:
        return None
    spellings = {address, address.lower(), stored_form(address)}
    there = own.filter(sender=sender, recipient__email_address__in=spellings, attempted_at__isnull=False)
    mails = list(there.order_by("-attempted_at")[:MOST])
    number = str(event.message_id or "").strip("<>")
    taken_as = [mail for mail in mails if len(number) > 5 and number in mail.smtp_reply]
    if taken_as:
        return taken_as[0]
    before = [mail for mail in mails if mail.attempted_at and at - WITHIN <= mail.attempted_at <= at + AHEAD]
    return before[0] if before else None
