"""The person behind a message, as far as a public page may show it."""

from dataclasses import dataclass

from campaigns.models import Message
from leads.models import Lead
from leads.suppression import find_suppression


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who a mail was from, and to whom: enough to recognize oneself, not enough to learn an address from a link."""

    organization: str
    masked_address: str
    is_unsubscribed: bool


def find(*, message_id: int) -> Message | None:
    """The message with the people around it; None when its campaign was deleted, and with it all we knew.

    A campaign whose deletion is under way still answers: as long as we know the person, the person can leave.
    """
    people = Message.objects.select_related("recipient__lead__organization", "recipient__campaign__organization")
    return people.filter(pk=message_id).first()


def find_lead(*, lead_id: int) -> Lead | None:
    """The person an opt-out names, for a mail that is gone; None when they are gone too.

    The number of a lead that was merged into another names that one.
    """
    people = Lead.objects.select_related("organization")
    return people.filter(pk=lead_id).first() or people.filter(aliases__old_id=lead_id).first()


def describe(message: Message) -> Addressee:
    """What a page may show of the person `message` went to."""
    return describe_lead(message.recipient.lead, address=message.recipient.email_address)


def describe_lead(lead: Lead, *, address: str = "") -> Addressee:
    """What a page may show of a person, by the `address` that was written to or the one they have now."""
    return Addressee(
        organization=lead.organization.name,
        masked_address=mask(address or lead.email),
        is_unsubscribed=find_suppression(lead.organization, lead.email_normalized) is not None,
    )


def mask(address: str) -> str:
    """ana.marin@example.com as a•••@example.com; always three dots, so that not even the length shows."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
