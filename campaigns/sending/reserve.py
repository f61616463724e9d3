"""Count mails against limits before they leave, so that no number of workers passes a limit by one mail.

Counted is in the gate's transaction, by the database's clock, under a lock per sender and campaign: what was counted
and that the mail may leave is one commit. What surely did not leave is given back in the transaction that takes it
back. An uncertain mail stays counted. Where nothing is limited nothing here is called.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Q

from campaigns.locks import hold_usage
from campaigns.models import Campaign, Message, MessageStatus, Recipient, Sender, UsageScope
from campaigns.scheduling.clock import day_start, hour_start
from campaigns.sending.limits import (
    AFTER_GATE,
    LIMITED_CAMPAIGN,
    LIMITED_SENDER,
    Gauge,
    LimitCode,
    Period,
    campaign_gauges,
    domain_gauge,
    has_gap,
    is_limited,
    sender_gauges,
    used_by_campaigns,
    used_by_senders,
)
from campaigns_project.accounts.timezones import zone_of
from leads.addresses import domain_of, stored_form

# A mail that may have left: it counts, whatever comes of it.
_COUNTED = (MessageStatus.SENDING, MessageStatus.SENT, MessageStatus.UNCERTAIN)


@dataclass(frozen=True)
class Limited:
    """Whose limits the mails of a chunk have to keep: ids, None for a sender or campaign without any."""

    sender: int | None
    campaign: int | None


@dataclass(frozen=True)
class Reserved:
    """The moment at which mails were counted, and the limit that was full for each of those that were not."""

    at: datetime
    full: Mapping[int, Gauge]


def limited_by(campaign: Campaign, sender: Sender) -> Limited | None:
    """Whose limits hold now for mails of `campaign` through `sender`; None where neither has any.

    Asked of the database, since a limit may be set while mails leave.
    """
    sql, wanted = _limited_sql()
    own = {_OF_SENDER: sender.pk, _OF_CAMPAIGN: campaign.pk}
    with connection.cursor() as cursor:
        cursor.execute(sql, [own.get(one, one) for one in wanted])
        limited = Limited(*cursor.fetchone())
    return limited if limited.sender or limited.campaign else None


# No row has such an id: they stand for those that are asked about.
_OF_SENDER, _OF_CAMPAIGN = -1, -2


@cache
def _limited_sql() -> tuple[str, list[Any]]:
    """Of one statement the text and its parameters. It is asked before every slice, and writing it takes ten times as
    long as asking it."""
    asked = (
        Sender.objects.filter(LIMITED_SENDER, pk=_OF_SENDER),
        Campaign.objects.filter(LIMITED_CAMPAIGN, pk=_OF_CAMPAIGN),
    )
    (sender, wanted), (campaign, others) = (rows.order_by().values("pk").query.sql_with_params() for rows in asked)
    return f"SELECT ({sender}), ({campaign})", [*wanted, *others]


def reserve(addresses: Mapping[int, str], limited: Limited) -> Reserved:
    """Count messages (normalized addresses by message id) in their order, as long as no limit is full.

    To be called in the transaction that lets them through, which holds their rows.
    """
    hold_usage(
        senders=[limited.sender] if limited.sender else [], campaigns=[limited.campaign] if limited.campaign else []
    )
    book = _Book.opened(limited, set(addresses))
    full = {message: gauge for message, address in addresses.items() if (gauge := book.enter(message, address))}
    book.write()
    return Reserved(book.at, full)


def release(messages: Sequence[int]) -> None:
    """Give back what was counted for those of `messages` that passed the gate and surely did not go out.

    To be called in the transaction that takes them out of `sending` (or `uncertain`, where it was proved later), before
    it does.
    """
    counted = list(_counted(messages))
    senders = {row.sender.pk: row.sender for row in counted if row.sender and is_limited(row.sender)}
    campaigns = {row.recipient.campaign_id: row.recipient.campaign for row in counted}
    limited = {pk: campaign for pk, campaign in campaigns.items() if is_limited(campaign)}
    if not senders and not limited:
        return
    hold_usage(senders=senders, campaigns=limited)
    for row in counted:
        if row.sender_id in senders:
            _give_back_to_sender(senders[row.sender_id], row)
        if row.recipient.campaign_id in limited:
            _give_back_to_campaign(limited[row.recipient.campaign_id], row)


@dataclass
class _Book:
    """What is counted for one sender and one campaign, read under their locks."""

    at: datetime
    sender: Sender | None
    campaign: Campaign | None
    first_mails: frozenset[int]
    sender_used: dict[Period, int] = field(default_factory=dict)
    campaign_used: dict[Period, int] = field(default_factory=dict)
    sender_new: Counter[Period] = field(default_factory=Counter)
    campaign_new: Counter[Period] = field(default_factory=Counter)
    slot: datetime | None = None

    @classmethod
    def opened(cls, limited: Limited, asked: set[int]) -> "_Book":
        sender = Sender.objects.filter(LIMITED_SENDER, pk=limited.sender or 0).defer(*Sender.SECRETS).first()
        campaign = Campaign.objects.filter(LIMITED_CAMPAIGN, pk=limited.campaign or 0).first()
        first = Message.objects.filter(pk__in=asked, recipient__sent_at=None) if campaign else Message.objects.none()
        book = cls(_database_now(), sender, campaign, frozenset(first.values_list("pk", flat=True)))
        book._read(asked)
        return book

    def _read(self, asked: set[int]) -> None:
        """What is written down; on the first look of a day, what had left before it was limited is counted too."""
        if self.sender:
            self.sender_used = used_by_senders([self.sender], now=self.at)[self.sender.pk]
            if (UsageScope.DAY, "", day_start(self.at, zone_of(self.sender.timezone))) not in self.sender_used:
                self._add(self.sender_used, self.sender_new, _left_by_sender(self.sender, self.at, asked))
        if self.campaign:
            self.campaign_used = used_by_campaigns([self.campaign], now=self.at)[self.campaign.pk]
            if not self.campaign_used:
                self._add(self.campaign_used, self.campaign_new, _left_by_campaign(self.campaign, self.at, asked))

    def enter(self, message: int, address: str) -> Gauge | None:
        """Count a mail, or say which limit is full: of several the one that is full the longest."""
        domain = domain_of(address)
        full = [gauge for gauge in self._gauges(message, domain) if gauge.is_full]
        if full:
            return max(full, key=lambda gauge: gauge.free_at)
        if self.sender:
            self._add(self.sender_used, self.sender_new, _sender_periods(self.sender, self.at, domain))
            if has_gap(self.sender):
                self.slot = self.sender.next_slot_at = slot_after(self.sender, message, self.at)
        if self.campaign:
            periods = _campaign_periods(self.campaign, self.at, is_first=message in self.first_mails)
            self._add(self.campaign_used, self.campaign_new, periods)
        return None

    def _gauges(self, message: int, domain: str) -> Iterable[Gauge]:
        gauges: list[Gauge] = []
        if self.campaign:
            own = campaign_gauges(self.campaign, self.campaign_used, now=self.at)
            is_first = message in self.first_mails
            gauges += [gauge for gauge in own if is_first or gauge.code != LimitCode.CAMPAIGN_NEW_LEADS]
        if self.sender:
            gauges += sender_gauges(self.sender, self.sender_used, now=self.at)
            towards = domain_gauge(self.sender, self.sender_used, domain, now=self.at)
            gauges += [towards] if towards else []
        return gauges

    @staticmethod
    def _add(used: dict[Period, int], new: Counter[Period], counts: Mapping[Period, int]) -> None:
        for period, count in counts.items():
            used[period] = used.get(period, 0) + count
            new[period] += count

    def write(self) -> None:
        """The counts, and when the sender's gap ends."""
        if self.sender and self.sender_new:
            _write(_COUNT_SENDER, self.sender.pk, self.sender_new)
        if self.campaign and self.campaign_new:
            _write(_COUNT_CAMPAIGN, self.campaign.pk, self.campaign_new)
        if self.sender and self.slot:
            Sender.objects.filter(pk=self.sender.pk).update(next_slot_at=self.slot)


def slot_after(sender: Sender, message: int, at: datetime) -> datetime:
    """When the gap after a mail ends that was counted `at`: its seconds, and by chance up to those of the jitter.

    It counts from the last moment at which the mail may leave. The chance is drawn from the mail itself, so that the
    gap it made can be told from others when it is given back.
    """
    digest = hashlib.sha256(f"{message}:{at.timestamp()}".encode()).digest()
    share = int.from_bytes(digest[:8]) / 2**64
    return at + AFTER_GATE + timedelta(seconds=sender.gap_seconds + round(share * sender.gap_jitter_seconds, 3))


def _sender_periods(sender: Sender, at: datetime, domain: str) -> dict[Period, int]:
    """Everything is counted for a sender with any limit, so that a limit set at noon knows of the morning."""
    zone = zone_of(sender.timezone)
    today = day_start(at, zone)
    return {
        (UsageScope.DAY, "", today): 1,
        (UsageScope.HOUR, "", hour_start(at, zone)): 1,
        (UsageScope.DOMAIN, domain, today): 1,
    }


def _campaign_periods(campaign: Campaign, at: datetime, *, is_first: bool) -> dict[Period, int]:
    today = day_start(at, zone_of(campaign.timezone))
    return {(UsageScope.DAY, "", today): 1, (UsageScope.NEW_LEADS, "", today): int(is_first)}


def _left_by_sender(sender: Sender, at: datetime, asked: set[int]) -> dict[Period, int]:
    """The mails of the day that nobody counted, since nothing was limited then; a row for the day even without any."""
    zone = zone_of(sender.timezone)
    counts: Counter[Period] = Counter({(UsageScope.DAY, "", day_start(at, zone)): 0})
    left = Message.objects.filter(sender=sender, status__in=_COUNTED, attempted_at__gte=day_start(at, zone))
    rows = left.exclude(pk__in=asked).values_list("attempted_at", "recipient__email_address")
    for attempted, address in rows:
        if attempted is not None:
            counts.update(_sender_periods(sender, attempted, domain_of(stored_form(address))))
    return counts


def _left_by_campaign(campaign: Campaign, at: datetime, asked: set[int]) -> dict[Period, int]:
    """The same for the campaign. First mails are told by when their people were first written to."""
    today = day_start(at, zone_of(campaign.timezone))
    mails = Message.objects.filter(step__campaign=campaign, status__in=_COUNTED, attempted_at__gte=today)
    left = mails.exclude(pk__in=asked)
    first = Recipient.objects.filter(campaign=campaign, sent_at__gte=today)
    return {
        (UsageScope.DAY, "", today): left.count(),
        (UsageScope.NEW_LEADS, "", today): first.count() + left.filter(recipient__sent_at=None).count(),
    }


def _counted(messages: Sequence[int]) -> Iterable[Message]:
    limited = Q(sender__in=Sender.objects.filter(LIMITED_SENDER)) | Q(
        recipient__campaign__in=Campaign.objects.filter(LIMITED_CAMPAIGN)
    )
    passed = [MessageStatus.SENDING, MessageStatus.UNCERTAIN]
    rows = Message.objects.filter(limited, pk__in=messages, status__in=passed)
    secrets = [f"sender__{name}" for name in Sender.SECRETS]
    return rows.select_related("sender", "recipient__campaign").defer(*secrets).order_by("pk")


def _give_back_to_sender(sender: Sender, message: Message) -> None:
    if message.attempted_at is None:
        return
    domain = domain_of(stored_form(message.recipient.email_address))
    _write(_GIVE_BACK_SENDER, sender.pk, _sender_periods(sender, message.attempted_at, domain))
    if has_gap(sender):
        # Only the gap this very mail made: another may have left since.
        slot = slot_after(sender, message.pk, message.attempted_at)
        Sender.objects.filter(pk=sender.pk, next_slot_at=slot).update(next_slot_at=None)


def _give_back_to_campaign(campaign: Campaign, message: Message) -> None:
    if message.attempted_at is not None:
        is_first = message.recipient.sent_at is None
        periods = _campaign_periods(campaign, message.attempted_at, is_first=is_first)
        _write(_GIVE_BACK_CAMPAIGN, campaign.pk, periods)


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def _write(statement: str, owner: int, counts: Mapping[Period, int]) -> None:
    columns = [list(column) for column in zip(*((*period, count) for period, count in counts.items()), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(statement, [owner, *columns])


# The owner's row is asked for, so that one deleted meanwhile is nobody's fault: then there is nothing to count.
_COUNT_SENDER = """
INSERT INTO sender_usage AS usage (sender_id, scope, domain, starts_at, used)
SELECT owner.id, added.scope, added.domain, added.starts_at, added.used
FROM (SELECT id FROM senders WHERE id = %s FOR KEY SHARE) owner,
     unnest(%s::text[], %s::text[], %s::timestamptz[], %s::int[]) AS added(scope, domain, starts_at, used)
ON CONFLICT (sender_id, scope, domain, starts_at) DO UPDATE SET used = usage.used + excluded.used
"""

_COUNT_CAMPAIGN = """
INSERT INTO campaign_usage AS usage (campaign_id, scope, starts_at, used)
SELECT owner.id, added.scope, added.starts_at, added.used
FROM (SELECT id FROM campaigns WHERE id = %s FOR KEY SHARE) owner,
     unnest(%s::text[], %s::text[], %s::timestamptz[], %s::int[]) AS added(scope, domain, starts_at, used)
ON CONFLICT (campaign_id, scope, starts_at) DO UPDATE SET used = usage.used + excluded.used
"""

_GIVE_BACK_SENDER = """
UPDATE sender_usage usage SET used = greatest(usage.used - back.used, 0)
FROM (SELECT %s::bigint AS id) owner,
     unnest(%s::text[], %s::text[], %s::timestamptz[], %s::int[]) AS back(scope, domain, starts_at, used)
WHERE usage.sender_id = owner.id AND usage.scope = back.scope AND usage.domain = back.domain
  AND usage.starts_at = back.starts_at
"""

_GIVE_BACK_CAMPAIGN = """
UPDATE campaign_usage usage SET used = greatest(usage.used - back.used, 0)
FROM (SELECT %s::bigint AS id) owner,
     unnest(%s::text[], %s::text[], %s::timestamptz[], %s::int[]) AS back(scope, domain, starts_at, used)
WHERE usage.campaign_id = owner.id AND usage.scope = back.scope AND usage.starts_at = back.starts_at
"""
