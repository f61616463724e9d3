"""What a campaign of the demo did before its first day: mails that left, and what people did with them.

Everything goes the way it would have gone: mails are sent (to nobody), answers are taken in, the campaign's own rules
say who gets the next one. Only the clock is set back afterwards.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import cycle
from typing import Any

from django.db import connection, models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.delivery.outcomes import Kind, Refused, Stage
from campaigns.models import Campaign, Job, Link, Message, MessageStatus, Recipient, Sender
from campaigns.sending.work import send_chunk
from campaigns_project.accounts.models import Organization
from campaigns_project.runtime.demo.content import ANSWERS, AUTOMATIC
from campaigns_project.runtime.mailbox.answers import Answer, Sent, answer_to
from leads.models import Lead, LeadImport, RawLead, StagedLead, Suppression, Tag
from tracking.consequences import unsubscribe
from tracking.inbox.take import take
from tracking.ingest import drain
from tracking.models import EmailEvent, EventType, InboundMail, RawEvent
from tracking.sources import Source

FOLLOWS = timedelta(days=3)  # after the first mail
OPENS, LONGEST = time(8, 40, tzinfo=UTC), timedelta(hours=7, minutes=30)  # of a working day
SATURDAY = 5
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
TOO_MUCH = Refused(554, "554 5.7.0 Rejected: looks like bulk mail", Stage.DOT, Kind.CONTENT)
IN_A_WHILE = (3, 900)  # minutes until somebody does something with a mail
AT_ONCE = timedelta(milliseconds=40)  # after somebody left, what follows from it
READ_WITHIN = timedelta(seconds=2)  # a file of some hundred rows


@dataclass(frozen=True)
class Habits:
    """Of a hundred people who got a mail, how many do what with it."""

    read: int = 30
    click: int = 7
    reply: int = 6
    leave: int = 1
    are_gone: int = 1


class _Nowhere:
    """History needs mails that were sent, and nobody needs to get them; those of one sender may find little favor."""

    def __init__(self, disliked: Sender | None):
        liked, mixed = MemoryBackend(), MemoryBackend(answers=cycle([*[ACCEPTED] * 8, TOO_MUCH]))
        self._backends = defaultdict(lambda: liked, {disliked.pk: mixed} if disliked else {})

    def to(self, sender: Sender) -> MemoryBackend:
        return self._backends[sender.pk]


def live_through(
    campaign: Campaign, *, until: datetime, a_day: int, now: datetime, habits: Habits, disliked: Sender | None = None
) -> None:
    """The first mails, the last of them shortly before `until` and so many on a working day; then the follow-ups that
    were due since, and what people did with all of them."""
    send_what_is_due(campaign, disliked=disliked)
    first = _settled(campaign, position=1)
    _set_back(dict(zip(first, working_moments(len(first), until=until, a_day=a_day), strict=True)))
    _answer(campaign, position=1, now=now, habits=habits)
    send_what_is_due(campaign, disliked=disliked)
    follow_ups = _settled(campaign, position=2)
    _set_back({message: at + FOLLOWS for message, at in follow_ups.items() if at})
    _answer(campaign, position=2, now=now, habits=habits)


def send_what_is_due(campaign: Campaign, *, disliked: Sender | None = None) -> None:
    """Chunk after chunk, into nothing."""
    nowhere = _Nowhere(disliked)
    while send_chunk(campaign, connections=nowhere):
        pass


def working_moments(number: int, *, until: datetime, a_day: int) -> list[datetime]:
    """The last `number` moments before `until`, with `a_day` of them evenly in the hours of each working day."""
    found: list[datetime] = []
    day = until.date()
    while len(found) < number:
        if day.weekday() < SATURDAY:
            opens = datetime.combine(day, OPENS)
            of_day = [opens + place * LONGEST / a_day for place in range(a_day)]
            found = [*(at for at in of_day if at < until), *found]
        day -= timedelta(days=1)
    return found[-number:]


def _settled(campaign: Campaign, *, position: int) -> dict[int, datetime | None]:
    """The mails of a step, and when their people got the first one."""
    settled = Q(status__in=[MessageStatus.SENT, MessageStatus.FAILED])
    mails = Message.objects.filter(settled, recipient__campaign=campaign, step__position=position).order_by("pk")
    return dict(mails.values_list("pk", "recipient__sent_at"))


def _set_back(moments: dict[int, datetime]) -> None:
    """Let each mail have been tried at its moment, and its recipient have moved on then."""
    with connection.cursor() as cursor:
        cursor.execute(_SET_BACK, [list(moments), list(moments.values()), FOLLOWS.days])


_SET_BACK = """
WITH placed AS (
    SELECT message.id, message.recipient_id, message.status, moment.at
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS moment(id, at) JOIN campaign_messages message USING (id)
), moved AS (
    UPDATE campaign_messages message SET
        sent_at = CASE WHEN message.status = 'sent' THEN placed.at END,
        attempted_at = placed.at, claimed_at = placed.at, created_at = placed.at
    FROM placed WHERE placed.id = message.id
)
UPDATE campaign_recipients recipient SET
    sent_at = CASE WHEN placed.status = 'sent' THEN least(recipient.sent_at, placed.at) ELSE recipient.sent_at END,
    exited_at = CASE WHEN recipient.exited_at IS NOT NULL THEN placed.at END,
    next_send_at = CASE WHEN recipient.next_send_at IS NOT NULL THEN placed.at + make_interval(days => %s) END
FROM placed WHERE placed.recipient_id = recipient.id
"""


def _answer(campaign: Campaign, *, position: int, now: datetime, habits: Habits) -> None:
    """Opens, clicks, replies, bounces and opt-outs, the same on every first start, by the way real ones come in."""
    chance = random.Random(42 + position)  # noqa: S311 - made-up history, not a secret
    link = Link.objects.filter(campaign=campaign).order_by("pk").first()
    sent = Message.objects.filter(recipient__campaign=campaign, step__position=position, status=MessageStatus.SENT)
    seen: list[RawEvent] = []
    for message in sent.select_related("recipient__campaign__organization", "sender").order_by("pk"):
        later = (message.sent_at or now) + timedelta(minutes=chance.randint(*IN_A_WHILE))
        lot = _Lot(chance.random() * 100, chance.choice(ANSWERS))
        if later < now:
            seen += _seen(message, later, link, chance, habits)
            _said(message, later, lot, habits)
    RawEvent.objects.bulk_create(seen)
    while drain(now=now):
        pass


def _seen(
    message: Message, at: datetime, link: Link | None, chance: random.Random, habits: Habits
) -> Iterator[RawEvent]:
    if chance.random() * 100 < habits.read:
        yield _raw(message, EventType.OPEN, at)
    if chance.random() * 100 < habits.click and link is not None:
        yield _raw(message, EventType.CLICK, at + timedelta(minutes=2), link.pk)


@dataclass(frozen=True)
class _Lot:
    """What fell to one person: a number below a hundred, and the words of an answer, should it be one."""

    number: float
    words: str


def _said(message: Message, at: datetime, lot: _Lot, habits: Habits) -> None:
    """What comes back from `message`, where the lot says that something does."""
    if lot.number < habits.reply:
        _come_back(message, Answer.AWAY if lot.words in AUTOMATIC else Answer.REPLY, at, lot.words)
    elif lot.number < habits.reply + habits.are_gone:
        _come_back(message, Answer.BOUNCE, at)
    elif lot.number < habits.reply + habits.are_gone + habits.leave:
        unsubscribe(message_id=message.pk, source=Source.ONE_CLICK, now=at)


def _come_back(message: Message, kind: Answer, at: datetime, words: str = "") -> None:
    mail = Sent(
        address=message.recipient.email_address,
        sender=message.sender.email if message.sender else "",
        message_id=str(message.message_id),
        subject=message.subject,
    )
    raw = answer_to(mail, kind, words=words, name=str(message.pk))
    take(raw, organization=message.recipient.campaign.organization, received_at=at, now=at)


def _raw(message: Message, event_type: EventType, at: datetime, link: int | None = None) -> RawEvent:
    return RawEvent(
        message_ref=message.pk,
        event_type=event_type,
        link_ref=link,
        user_agent=BROWSER,
        ip_address="203.0.113.7",
        source="demo",
        created_at=at,
    )


def date_back(campaign: Campaign, *, by: timedelta) -> None:
    """Let a campaign have been made, and begun, so long ago; one that ended or was paused was so with its last mail.

    Who was suppressed on its account was so when they left it.
    """
    last = Message.objects.filter(recipient__campaign=campaign, attempted_at__isnull=False).latest("attempted_at")
    rows = Campaign.objects.filter(pk=campaign.pk)
    rows.update(created_at=F("created_at") - by)
    rows.exclude(completed_at=None).update(completed_at=last.attempted_at)
    rows.exclude(paused_at=None).update(paused_at=last.attempted_at, updated_at=last.attempted_at)
    jobs = Job.objects.filter(campaign=campaign)
    jobs.exclude(started_at=None).update(created_at=F("started_at"))
    jobs.filter(finished_at__gt=last.attempted_at, started_at__lt=last.attempted_at).update(
        finished_at=last.attempted_at, heartbeat_at=last.attempted_at
    )
    left = Recipient.objects.filter(campaign=campaign, email_address=OuterRef("address")).exclude(exited_at=None)
    then = left.annotate(then=F("exited_at") + AT_ONCE).values("then")
    on_its_account = Suppression.objects.for_organization(campaign.organization).filter(
        source=f"campaign {campaign.pk}"
    )
    on_its_account.update(created_at=Coalesce(Subquery(then[:1]), F("created_at")))


def date_back_import(lead_import: LeadImport, *, to: datetime) -> None:
    """Let a file have come in then, and its people and tags with it.

    Its rows are kept for a month after that: a demo that is older tells no more which of them somebody came with.
    """
    LeadImport.objects.filter(pk=lead_import.pk).update(
        created_at=to, started_at=to, heartbeat_at=to, finished_at=to + READ_WITHIN
    )
    RawLead.objects.filter(lead_import=lead_import).update(received_at=to)
    StagedLead.objects.filter(lead_import=lead_import).update(staged_at=to)
    StagedLead.objects.filter(lead_import=lead_import).exclude(promoted_at=None).update(promoted_at=to)
    Lead.objects.filter(lead_import=lead_import).update(created_at=to, updated_at=to)
    Tag.objects.filter(pk__in=lead_import.options["tag_ids"]).update(created_at=to)


def number_by_time(organization: Organization) -> None:
    """Number what people did in the order in which they did it, which lists show it in.

    It was made up person by person. No row refers to these by their number.
    """
    _renumber(
        EmailEvent, "created_at", EmailEvent.objects.filter(campaign_recipient__campaign__organization=organization)
    )
    _renumber(InboundMail, "received_at", InboundMail.objects.filter(organization=organization))
    _renumber(Suppression, "created_at", Suppression.objects.filter(organization=organization))


def _renumber(model: type[models.Model], moment: str, rows: models.QuerySet[Any]) -> None:
    """Give `rows` fresh numbers, so that none of them is taken in between."""
    ids = list(rows.order_by(moment, "pk").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_RENUMBER.format(table=model._meta.db_table), [model._meta.db_table, ids])


_RENUMBER = """
UPDATE {table} SET id = fresh.id
FROM (
    SELECT old, nextval(pg_get_serial_sequence(%s, 'id')) AS id
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS told(old, place) ORDER BY place
) fresh WHERE fresh.old = {table}.id
"""
