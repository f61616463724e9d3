"""Whose mail it is about: by the signed return path, else by a Message-ID, else by address, mailbox and time.

Always within one organization: what names a mail of another one names nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from campaigns.content.message_id import read_message_id
from campaigns.models import Mailbox, Message, Recipient, Sender
from campaigns_project.accounts.models import Organization
from leads.addresses import stored_form
from leads.models import Lead
from tracking.inbox.reading import MailKind, Reading
from tracking.models import MatchedBy

AHEAD = timedelta(minutes=5)  # that another machine's clock may be before ours
ANSWERED_WITHIN = timedelta(days=180)  # an answer that names no mail of ours
RETURNED_WITHIN = timedelta(days=14)  # servers try for 5 days, some for longer
LOOKED_AT = 20  # of the latest mails to an address

_OF_PERSONS = frozenset({MailKind.REPLY, MailKind.AUTO_REPLY, MailKind.UNSUBSCRIBE})
_REPORTS = frozenset({MailKind.BOUNCE, MailKind.COMPLAINT})


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a mail is about, and by what that is known.

    Without a recipient it names a mail of ours that is gone or somebody else's; `lead` is set where the person alone
    could be found, who wants to be written to no more.
    """

    by: MatchedBy
    why: str
    recipient: Recipient | None = None
    message: Message | None = None
    lead: Lead | None = None


def match(
    reading: Reading, *, organization: Organization, mailbox: Mailbox | None, received_at: datetime
) -> Match | None:
    """None where it concerns nobody we wrote to."""
    found = _by_return_path(reading, organization) or _by_message_id(reading, organization)
    if found is None:
        found = _by_address(reading, organization, mailbox, received_at)
    if found is None and reading.kind == MailKind.UNSUBSCRIBE:
        found = _by_lead(reading, organization)
    if found is None and _names_one_of_ours(reading):
        return Match(MatchedBy.NOBODY, "It names a mail of ours that is deleted, or another organization's.")
    return None if found and _is_own(reading, found, organization) else found


def _messages(organization: Organization) -> QuerySet[Message]:
    own = Message.objects.living().for_organization(organization)
    return own.select_related("recipient__campaign__organization", "recipient__lead")


def _by_return_path(reading: Reading, organization: Organization) -> Match | None:
    found = {mail.pk: mail for mail in _messages(organization).filter(pk__in=reading.return_path_ids)}
    for number in reading.return_path_ids:
        if number in found:
            why = f"The return path names mail {number}."
            return Match(MatchedBy.RETURN_PATH, why, found[number].recipient, found[number])
    return None


def _by_message_id(reading: Reading, organization: Organization) -> Match | None:
    ids = [each.lower() for each in reading.message_ids]
    found = {mail.message_id: mail for mail in _messages(organization).filter(message_id__in=ids)}
    for each in ids:
        if each in found:
            why = f"It names the Message-ID of mail {found[each].pk}."
            return Match(MatchedBy.MESSAGE_ID, why, found[each].recipient, found[each])
    for each in ids:
        recipient = _recipient_of(each, organization)
        if recipient is not None:
            why = f"It names a Message-ID that was made for recipient {recipient.pk}; the mail itself is gone."
            return Match(MatchedBy.MESSAGE_ID, why, recipient)
    return None


def _recipient_of(message_id: str, organization: Organization) -> Recipient | None:
    """Whom a signed Message-ID was made for, where two leads were made one and one of two mails went."""
    ref = read_message_id(message_id)
    if ref is None:
        return None
    own = Recipient.objects.living().for_organization(organization)
    return own.select_related("campaign__organization", "lead").filter(pk=ref.recipient_id).first()


def _by_address(
    reading: Reading, organization: Organization, mailbox: Mailbox | None, received_at: datetime
) -> Match | None:
    """The latest mail that one of the mailbox's senders sent there, not too long before."""
    if reading.kind in _REPORTS:
        addresses, within = set(reading.addresses), RETURNED_WITHIN
    elif reading.kind in _OF_PERSONS:
        addresses, within = {reading.sender}, ANSWERED_WITHIN
    else:
        return None
    mails = _messages(organization).filter(attempted_at__lte=received_at + AHEAD, attempted_at__gt=received_at - within)
    if mailbox is not None:
        mails = mails.filter(sender__mailbox=mailbox)
    stored = _stored(addresses)
    recipients = _recipients_at(stored, organization)
    for mail in _to(mails, stored, recipients, is_report=reading.kind in _REPORTS):
        what = "Mail" if reading.kind in _REPORTS else "It names no mail of ours; mail"
        why = f"{what} {mail.pk} was the latest that was sent to this address from here."
        return Match(MatchedBy.ADDRESS, why, mail.recipient, mail)
    return None


def _to(mails: QuerySet[Message], addresses: set[str], recipients: list[int], *, is_report: bool) -> Iterable[Message]:
    """A bounce is of the address that was written to; a person may answer from any that we know to be theirs."""
    latest = list(mails.filter(recipient__in=recipients).order_by("-attempted_at", "-pk")[:LOOKED_AT])
    if not is_report:
        return latest
    return [mail for mail in latest if _stored([mail.recipient.email_address]) & addresses]


def _recipients_at(addresses: set[str], organization: Organization) -> list[int]:
    """Numbers of the recipients behind these addresses. By several questions, each of which has its index."""
    if not addresses:
        return []
    people = Lead.objects.for_organization(organization)
    leads = {
        *people.filter(email_normalized__in=addresses).values_list("pk", flat=True),
        *people.filter(aliases__email_normalized__in=addresses).values_list("pk", flat=True),
    }
    own = Recipient.objects.for_organization(organization)
    return [
        *own.filter(lead__in=leads).values_list("pk", flat=True),
        *own.filter(email_address__in=addresses).values_list("pk", flat=True),
    ]


def _by_lead(reading: Reading, organization: Organization) -> Match | None:
    addresses = _stored([reading.sender])
    people = Lead.objects.for_organization(organization)
    known = Q(email_normalized__in=addresses) | Q(aliases__email_normalized__in=addresses)
    lead = people.filter(known).order_by("pk").first() if addresses else None
    if lead is None:
        return None
    why = f"Lead {lead.pk} asks for no more mail; none that was sent to them from here is known."
    return Match(MatchedBy.LEAD, why, lead=lead)


def _stored(addresses: Iterable[str]) -> set[str]:
    return {stored_form(each) for each in addresses if each}


def _names_one_of_ours(reading: Reading) -> bool:
    """Signed by us, and yet there is no such mail here."""
    return bool(reading.return_path_ids) or any(read_message_id(each) for each in reading.message_ids)


def _is_own(reading: Reading, found: Match, organization: Organization) -> bool:
    """Whether one of our own senders wrote it: a mail sent to oneself, or an operator's answer in a folder of both."""
    if reading.kind in _REPORTS or not reading.sender:
        return False
    if found.recipient is not None and stored_form(found.recipient.email_address) == stored_form(reading.sender):
        return False
    own = Q(email__iexact=reading.sender) | Q(reply_to__iexact=reading.sender)
    return Sender.objects.for_organization(organization).filter(own).exists()
