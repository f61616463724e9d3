"""One mail that came in: read, matched, and acted upon, in one transaction with how far its mailbox was read.

So a reader that is killed at any moment has lost nothing, and what is read twice happens once.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from campaigns.locks import retried
from campaigns.models import Mailbox, Message
from campaigns.sending import evidence
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from tracking.bounce_kind import BounceKind
from tracking.consequences import record_event, unsubscribe
from tracking.inbox.identity import identity_of
from tracking.inbox.match import Match, match
from tracking.inbox.reading import MailKind, Reading, read_mail
from tracking.locks import hold_person
from tracking.models import EventType, InboundMail, InboundStatus, MatchedBy
from tracking.sources import Source

MOST_OF_A_MAIL = 1_000_000  # bytes
WORDS_KEPT = 20_000  # characters
SAID = 500  # characters of what a server said


class Fate(StrEnum):
    """What became of a mail."""

    TAKEN = "taken"
    KNOWN = "known"  # it was taken before
    QUARANTINED = "quarantined"
    NOBODY = "nobody"  # it concerns nobody we wrote to: nothing of it is kept


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail stands: `account` and `validity` say as long as what the number holds."""

    mailbox: Mailbox
    folder: str
    uid: int
    validity: int
    account: str


@dataclass(frozen=True, slots=True)
class Taken:
    fate: Fate
    kind: MailKind
    row: InboundMail | None = None


@retried
@transaction.atomic
def take(
    raw: bytes,
    *,
    organization: Organization,
    received_at: datetime,
    now: datetime,
    place: Place | None = None,
    actor: Actor | None = None,
) -> Taken:
    """Do what follows from a mail, once however often it comes. With a `place` its mailbox is read up to there.

    A quarantined one is matched again when it comes again. An `actor` who handed it in is on record.
    """
    raw = raw[:MOST_OF_A_MAIL]
    reading, identity = read_mail(raw), identity_of(raw)
    mailbox = place.mailbox if place else None
    received_at = min(received_at, now)
    with connection.cursor() as cursor:  # of two who have the same mail the second waits, and finds the row
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [identity, organization.pk])
    taken = _known(organization, identity, reading)
    if taken is None:
        found = match(reading, organization=organization, mailbox=mailbox, received_at=received_at)
        taken = Taken(Fate.NOBODY, reading.kind)
        if found is not None:
            taken = _follow(_Incoming(reading, identity, organization, received_at, place), found, now)
            _note(taken, actor)
    if place is not None:
        read_up_to(place, took=int(taken.fate in (Fate.TAKEN, Fate.QUARANTINED)))
    return taken


def look(
    raw: bytes, *, organization: Organization, received_at: datetime, mailbox: Mailbox | None = None
) -> tuple[Fate, MailKind]:
    """What `take` would make of it. Changes nothing."""
    raw = raw[:MOST_OF_A_MAIL]
    reading = read_mail(raw)
    known = InboundMail.objects.filter(organization=organization, identity=identity_of(raw))
    if known.filter(status=InboundStatus.SETTLED).exists():
        return Fate.KNOWN, reading.kind
    found = match(reading, organization=organization, mailbox=mailbox, received_at=received_at)
    if found is None:
        return Fate.NOBODY, reading.kind
    return (Fate.QUARANTINED if found.recipient is None else Fate.TAKEN), reading.kind


@transaction.atomic
def set_aside(raw: bytes, *, received_at: datetime, place: Place) -> Taken:
    """Quarantine a mail that could not be taken through a fault of ours; it is tried again when it is read again."""
    row, _ = InboundMail.objects.get_or_create(
        organization=place.mailbox.organization,
        identity=identity_of(raw[:MOST_OF_A_MAIL]),
        defaults={
            "mailbox": place.mailbox,
            "folder": place.folder,
            "uid": place.uid,
            "kind": MailKind.OTHER,
            "matched_by": MatchedBy.NOBODY,
            "status": InboundStatus.QUARANTINED,
            "why": "It could not be taken through a fault of ours; the log of the worker has it.",
            "received_at": received_at,
        },
    )
    read_up_to(place, took=1)
    return Taken(Fate.QUARANTINED, MailKind.OTHER, row)


def read_up_to(place: Place, *, took: int, seen: int = 1) -> None:
    """Keep that the mailbox was read up to this mail, and count."""
    position = {"uid": place.uid, "validity": place.validity, "account": place.account}
    given: list[Any] = [[place.folder], json.dumps(position), seen, took, place.mailbox.pk]
    with connection.cursor() as cursor:
        cursor.execute(_READ_UP_TO, given)


_READ_UP_TO = """
UPDATE mailboxes SET positions = jsonb_set(positions, %s, %s::jsonb), seen_count = seen_count + %s,
    taken_count = taken_count + %s
WHERE id = %s
"""


def _known(organization: Organization, identity: str, reading: Reading) -> Taken | None:
    row = InboundMail.objects.filter(organization=organization, identity=identity).first()
    if row is not None and row.status == InboundStatus.QUARANTINED:
        row.delete()  # what it is about may have been restored, or been told of in the meantime
        return None
    return Taken(Fate.KNOWN, reading.kind, row) if row is not None else None


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A mail, where it came from, and when."""

    reading: Reading
    identity: str
    organization: Organization
    received_at: datetime
    place: Place | None


def _follow(mail: _Incoming, found: Match, now: datetime) -> Taken:
    place, kind = mail.place, mail.reading.kind
    row = InboundMail(
        organization=mail.organization,
        mailbox=place.mailbox if place else None,
        folder=place.folder if place else "",
        uid=place.uid if place else None,
        identity=mail.identity,
        kind=kind,
        bounce_kind=mail.reading.bounce or "",
        matched_by=found.by,
        why=found.why,
        received_at=mail.received_at,
    )
    fate = Fate.TAKEN
    if found.recipient is None or not _act(row, found, mail.reading):
        fate, row.status = Fate.QUARANTINED, InboundStatus.QUARANTINED
        row.matched_by = found.by if found.recipient is None else MatchedBy.NOBODY
    if found.lead is not None:
        unsubscribe(message_id=0, lead_id=found.lead.pk, source=Source.INBOX, now=now)
    row.save()
    return Taken(fate, kind, row)


_EVENTS = {
    MailKind.REPLY: EventType.REPLY,
    MailKind.BOUNCE: EventType.BOUNCE,
    MailKind.COMPLAINT: EventType.COMPLAIN,
    MailKind.UNSUBSCRIBE: EventType.UNSUBSCRIBE,
}


def _act(row: InboundMail, found: Match, reading: Reading) -> bool:
    """The consequences, and the row with what it is about; False where the person went at this very moment.

    An automatic answer takes nobody out, but proves that the mail arrived.
    """
    current = hold_person(found.recipient) if found.recipient else None
    if current is None:
        return False
    message = Message.objects.filter(pk=found.message.pk, recipient=current).first() if found.message else None
    happened_at = max(row.received_at, (message and message.attempted_at) or row.received_at)
    event_type = _EVENTS.get(reading.kind)
    if event_type is not None:
        record_event(
            recipient=current,
            event_type=event_type,
            at=happened_at,
            source=Source.INBOX,
            source_event_id=row.event_key,
            message=message,
            data=_details(reading),
        )
    elif message is not None:
        evidence.confirm(message_ids=[message.pk], at=happened_at)
    row.recipient, row.message = current, message
    row.own_message_id = _clean(reading.message_id, 500)
    row.from_address = _clean(reading.sender, 320)
    row.subject = _clean(reading.subject, 500)
    row.text = _clean(reading.text, WORDS_KEPT)
    row.why = f"{found.why} Read as {reading.kind.replace('_', ' ')}: {_clean(reading.why, SAID).rstrip('.')}."
    return True


def _details(reading: Reading) -> dict[str, Any]:
    if reading.kind != MailKind.BOUNCE:
        return {}
    said = {"status": reading.status, "code": reading.code, "reply": _clean(reading.diagnostic, SAID)}
    told = {name: value for name, value in said.items() if value}
    return {"kind": reading.bounce or BounceKind.SOFT, **told}


def _clean(text: str, most: int) -> str:
    """What the database takes: without NULs, and without halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:most]


def _note(taken: Taken, actor: Actor | None) -> None:
    if actor is not None and taken.row is not None:
        record(
            action="inboundmail.handed_in",
            entity=taken.row,
            organization_id=taken.row.organization_id,
            actor=actor,
            after={"kind": taken.kind, "status": taken.row.status},
        )
