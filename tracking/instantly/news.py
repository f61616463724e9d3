"""One piece of news from Instantly, and what follows from it here, by the same rules as everywhere."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

from campaigns.enrollment.booking import book
from campaigns.enrollment.stop import stop_recipient
from campaigns.models import ExitReason, HandedLead, Handover, InstantlyAccount, Message, Recipient
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import StateRefused
from leads.addresses import stored_form
from tracking.bounce_kind import BounceKind
from tracking.consequences import record_event
from tracking.inbound.judge import Meaning
from tracking.inbound.nobodys import is_of_an_erased_person, respect
from tracking.instantly.sent import message_of, record_sent
from tracking.models import EventType, RawEvent
from tracking.sources import Source


class Kind(StrEnum):
    SENT = "sent"
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"
    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    BOOKED = "booked"
    SKIPPED = "skipped"


BOOKED = "A meeting was booked at Instantly."
SKIPPED = "Instantly skips this person."
BOUNCED = "The mail came back. Instantly does not say whether the address is dead, and writes to it no more."
AGENT = "Instantly"  # it does not say with what somebody opened or clicked, and leaves machines out by itself
_RAW = {Kind.OPENED: EventType.OPEN, Kind.CLICKED: EventType.CLICK}
_EVENTS = {
    Kind.REPLIED: EventType.REPLY,
    Kind.BOUNCED: EventType.BOUNCE,
    Kind.UNSUBSCRIBED: EventType.UNSUBSCRIBE,
}


_EXITS = {
    Kind.REPLIED: ExitReason.REPLIED,
    Kind.BOUNCED: ExitReason.ENDED_THERE,
    Kind.UNSUBSCRIBED: ExitReason.UNSUBSCRIBED,
    Kind.BOOKED: ExitReason.BOOKED,
}


@dataclass(frozen=True, slots=True)
class News:
    """What happened. `campaign` is Instantly's number, `step` and `variant` count from 1, `key` names the event."""

    kind: Kind
    campaign: str
    address: str
    at: datetime
    key: str
    step: int | None = None
    variant: int | None = None
    email: str = ""  # Instantly's number of the mail, or of the reply
    subject: str = ""


def take(account: InstantlyAccount, news: News) -> bool | None:
    """Whether something new followed; None where it is about somebody of our campaign whom nobody knows."""
    handover = _handover(account, news.campaign)
    if handover is None:
        # Of a campaign that is not run from here only a person's wish counts.
        if news.kind == Kind.UNSUBSCRIBED:
            _respect(account, news)
        return False
    recipient = _recipient(handover, news.address)
    if recipient is not None:
        return follow(handover, recipient, news)
    if not news.address or is_of_an_erased_person(news.address, organization_id=account.organization_id):
        return False if news.address else None
    if news.kind == Kind.UNSUBSCRIBED:
        _respect(account, news)
    return None


def follow(handover: Handover, recipient: Recipient, news: News) -> bool:
    """What follows for a recipient who is known; False where it was known as well."""
    told = partial(record_sent, handover, recipient, at=news.at)
    if news.kind == Kind.SENT:
        return told(step=news.step, variant=news.variant, email=news.email, subject=news.subject) is not None
    # Whatever happened to a mail shows that it was sent.
    if news.step is not None:
        told(step=news.step, variant=news.variant)
    message = message_of(handover, recipient, news.step)
    if news.kind in _RAW:
        return _note(message, news)
    if news.kind == Kind.BOOKED:
        return _book(handover, recipient, news)
    if news.kind == Kind.SKIPPED:
        return stop_recipient(recipient.pk, reason=ExitReason.ENDED_THERE, at=news.at, error=SKIPPED)
    return _record(recipient, message, news)


def _book(handover: Handover, recipient: Recipient, news: News) -> bool:
    """A booking counts as one that an operator notes; False where it was known already.

    Instantly tells of it at every poll. Told again it takes nobody out of a campaign they were put into afterwards.
    """
    if recipient.booked_at is not None:
        return False
    try:
        book(lead=recipient.lead, campaign=handover.campaign, actor=SYSTEM, now=news.at, reason=BOOKED)
    except StateRefused:
        return False
    _is_known_there(recipient, news.kind)
    return True


def _handover(account: InstantlyAccount, campaign: str) -> Handover | None:
    rows = Handover.objects.controlled().filter(account=account).exclude(campaign__instantly_campaign_id="")
    return rows.filter(campaign__instantly_campaign_id=campaign).select_related("campaign").first()


def _recipient(handover: Handover, address: str) -> Recipient | None:
    return recipients_at(handover, [address]).get(address) if address else None


def recipients_at(handover: Handover, addresses: Collection[str]) -> dict[str, Recipient]:
    """The recipients by those of `addresses` that are somebody's, however they are spelled. Two queries.

    They are kept as they were enrolled, capitals and all, and Instantly tells them as it likes.
    """
    rows = Recipient.objects.filter(campaign=handover.campaign_id).select_related("campaign__organization", "lead")
    normal = {address: stored_form(address) for address in addresses if address}
    leads = rows.filter(lead__organization=handover.campaign.organization_id)
    by_lead = {each.lead.email_normalized: each for each in leads.filter(lead__email_normalized__in=normal.values())}
    # Whose lead has another address by now.
    spelled = {spelling for address in normal for spelling in (address, address.lower(), normal[address])}
    enrolled = {each.email_address: each for each in rows.filter(email_address__in=spelled)}
    found: dict[str, Recipient] = {}
    for address, form in normal.items():
        one = enrolled.get(address) or enrolled.get(address.lower()) or enrolled.get(form) or by_lead.get(form)
        if one is not None:
            found[address] = one
    return found


def _respect(account: InstantlyAccount, news: News) -> None:
    meaning = Meaning(EventType.UNSUBSCRIBE)
    respect(meaning, news.address, organization_id=account.organization_id, at=news.at)


def _note(message: Message | None, news: News) -> bool:
    """Opens and clicks are counted with all others; of a mail that nobody knows they cannot be."""
    if message is None:
        return False
    RawEvent.objects.create(
        event_type=_RAW[news.kind],
        message_ref=message.pk,
        user_agent=AGENT,
        source=Source.INSTANTLY,
        created_at=news.at,
    )
    return True


def _record(recipient: Recipient, message: Message | None, news: News) -> bool:
    # Its list of mails names a reply by the number that the webhook gives it.
    own = news.email if news.kind == Kind.REPLIED and news.email else news.key
    is_bounce = news.kind == Kind.BOUNCED
    is_new = record_event(
        recipient=recipient,
        event_type=_EVENTS[news.kind],
        at=news.at,
        source=Source.INSTANTLY,
        source_event_id=f"{recipient.pk}:{news.kind}:{own}"[:200],
        message=message,
        # Soft, since that suppresses nobody: calling a living address dead loses a person for good.
        data={"kind": BounceKind.SOFT, "reason": BOUNCED} if is_bounce else {},
    )
    if is_bounce and is_new:
        stop_recipient(recipient.pk, reason=ExitReason.ENDED_THERE, at=news.at, error=BOUNCED)
    if is_new and (news.kind != Kind.REPLIED or recipient.campaign.stop_on_reply):
        _is_known_there(recipient, news.kind)
    return is_new


def _is_known_there(recipient: Recipient, kind: Kind) -> None:
    """Instantly told of it, and sends this person nothing more by itself: removed, they would vanish from its inbox."""
    # Whoever had left for another reason before is still to be removed, and put on its blocklist where that is due.
    handed = HandedLead.objects.filter(recipient=recipient.pk, recipient__exit_reason=_EXITS[kind])
    handed.update(wanted_out_at=None)
