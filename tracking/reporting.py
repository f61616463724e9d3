"""What somebody else heard of a mail and tells us: a person who read the reply, a program that reads a mailbox.

The consequences are those of `tracking.consequences`, whoever tells.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction

from campaigns.locks import retried
from campaigns.models import Message, Recipient
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused
from tracking.bounce_kind import BounceKind
from tracking.consequences import record_event
from tracking.models import EmailEvent, EventType
from tracking.sources import Source

# Opens and clicks are counted by their own links, and no other way.
REPORTED = (EventType.REPLY, EventType.FORWARD, EventType.BOUNCE, EventType.UNSUBSCRIBE, EventType.COMPLAIN)
AHEAD = timedelta(minutes=5)  # that another machine's clock may be before ours
LONGEST_ID = 150  # characters of a source's own id


class ReportCode(models.TextChoices):
    """Why what was told of a mail is not taken."""

    NOTHING_SENT = "nothing_sent", "The recipient has got no mail that something could have happened to"
    HAPPENED_LATER = "happened_later", "The time at which it is said to have happened is ahead"
    HAPPENED_BEFORE = "happened_before", "It is said to have happened before the mail was sent"
    BOUNCE_KIND = "bounce_kind", "A bounce is told without its kind, or something else with one"


@dataclass(frozen=True)
class Reported:
    """The event, and whether it is new: False where this source had told of it before."""

    event: EmailEvent
    is_new: bool


@retried
@transaction.atomic
def report(
    *,
    recipient: Recipient,
    event_type: EventType,
    at: datetime,
    actor: Actor,
    now: datetime,
    source: Source,
    message: Message | None = None,
    kind: BounceKind | None = None,
    source_event_id: str = "",
) -> Reported:
    """Write that one of REPORTED happened `at` to a mail of `recipient`: to `message`, or to the last one they got.

    With a `source_event_id` (of the caller's own, LONGEST_ID characters at most) the same is told any number of times
    and happens once. A bounce has a `kind`: only a hard one takes the person out, and suppresses the address. Refused
    with a ReportCode; NotFound where the recipient is gone.
    """
    if (event_type == EventType.BOUNCE) != (kind is not None):
        raise Refused(
            ReportCode.BOUNCE_KIND,
            "A bounce has a kind, and nothing else has." if kind else "It is not said what kind of bounce it was.",
            f"Give “kind” with a bounce alone: {', '.join(BounceKind)}.",
            {"field": "kind"},
        )
    about = message or Message.objects.filter(recipient=recipient, sent_at__isnull=False).order_by("-sent_at").first()
    _require_possible(recipient, about, at, now)
    organization_id = recipient.campaign.organization_id
    # Two organizations may number what they tell us in the same way.
    own_id = f"{organization_id}:{source_event_id}" if source_event_id else None
    data = {"kind": kind} if kind else {}
    is_new = record_event(
        recipient=recipient,
        event_type=event_type,
        at=at,
        source=source,
        source_event_id=own_id,
        message=about,
        data=data,
    )
    which = {"source_event_id": own_id} if own_id else {"campaign_recipient": recipient}
    event = EmailEvent.objects.filter(source=source, **which).order_by("-pk").first()
    if event is None:
        raise NotFound("not_found", f"There is no recipient {recipient.pk} any more.")
    if is_new:
        record(
            action="recipient.event_reported",
            entity=recipient,
            organization_id=organization_id,
            actor=actor,
            after={"event": event.pk, "event_type": event_type, "happened_at": at, **data},
        )
    return Reported(event, is_new)


def _require_possible(recipient: Recipient, about: Message | None, at: datetime, now: datetime) -> None:
    if about is None or about.attempted_at is None:
        raise Refused(
            ReportCode.NOTHING_SENT,
            f"{recipient.email_address} has got no mail of “{recipient.campaign}” yet.",
            "Name a recipient who has. Whoever is not to get one is de-enrolled or suppressed.",
            {"field": "recipient"},
        )
    if at > now + AHEAD:
        hint = "Give the time as RFC 3339 with its offset, or none for now."
        raise Refused(ReportCode.HAPPENED_LATER, f"{at.isoformat()} is ahead.", hint, {"field": "happened_at"})
    if at < about.attempted_at - AHEAD:
        raise Refused(
            ReportCode.HAPPENED_BEFORE,
            f"Mail {about.pk} was sent at {about.attempted_at.isoformat()}, after {at.isoformat()}.",
            "Name the mail it is about, and the time as RFC 3339 with its offset.",
            {"field": "happened_at"},
        )
