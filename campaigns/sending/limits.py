"""How many mails may still leave: every limit of a sender and a campaign, what is used, and when it is free again.

Read only; `campaigns.sending.reserve` counts. A day begins at midnight of the time zone of the sender or campaign.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Prefetch, Q
from django.db.models.functions import Now

from campaigns.models import Campaign, CampaignUsage, Sender, SenderUsage, UsageScope
from campaigns.scheduling.clock import day_end, day_start, hour_start
from campaigns.sending.ramp import ramp_of
from campaigns_project.accounts.timezones import zone_of

# A mail leaves at most so long after it passed the gate, where it was counted (promise 2; gate.VALID_FOR).
AFTER_GATE = timedelta(seconds=1)
HOUR = timedelta(hours=1)

LIMITED_SENDER = (
    Q(daily_limit__isnull=False)
    | Q(hourly_limit__isnull=False)
    | Q(domain_daily_limit__isnull=False)
    | Q(ramp_start__isnull=False)
    | Q(gap_seconds__gt=0)
    | Q(gap_jitter_seconds__gt=0)
)

LIMITED_CAMPAIGN = Q(daily_limit__isnull=False) | Q(daily_new_leads__isnull=False)

# For used_today() of many senders at once.
RECENT_DAYS = Prefetch(
    "usage",
    queryset=SenderUsage.objects.filter(scope=UsageScope.DAY, starts_at__gte=Now() - timedelta(days=2)),
    to_attr="recent_days",
)

# (scope, domain, when the period began): mails counted in it. The domain is empty but for UsageScope.DOMAIN.
type Period = tuple[str, str, datetime]
type Used = Mapping[Period, int]


class LimitCode(models.TextChoices):
    """Which limit keeps a mail waiting."""

    SENDER_DAY = "sender_daily_limit", "the sender's mails of the day have been sent"
    SENDER_RAMP = "sender_ramp", "the sender's ramp-up allows no more today"
    SENDER_HOUR = "sender_hourly_limit", "the sender's mails of the hour have been sent"
    SENDER_GAP = "sender_gap", "the gap after the sender's last mail is not over"
    DOMAIN_DAY = "domain_daily_limit", "the sender's mails of the day to this domain have been sent"
    CAMPAIGN_DAY = "campaign_daily_limit", "the campaign's mails of the day have been sent"
    CAMPAIGN_NEW_LEADS = "campaign_new_leads", "the campaign's new leads of the day have been written to"


@dataclass(frozen=True)
class Gauge:
    """One limit at one moment: `used` of `limit`, counted anew from `free_at` on."""

    code: LimitCode
    used: int
    limit: int
    free_at: datetime
    sender: int | None = None
    domain: str = ""

    @property
    def left(self) -> int:
        return max(self.limit - self.used, 0)

    @property
    def is_full(self) -> bool:
        return self.used >= self.limit

    @property
    def is_of_sender_alone(self) -> bool:
        """Whether another sender of the campaign may have room where this is full."""
        return self.sender is not None and not self.domain


def is_limited(subject: Sender | Campaign) -> bool:
    """Whether anything limits it at all. What is not limited is not counted either."""
    if isinstance(subject, Campaign):
        return subject.daily_limit is not None or subject.daily_new_leads is not None
    limits = (subject.daily_limit, subject.hourly_limit, subject.domain_daily_limit, subject.ramp_start)
    return any(limit is not None for limit in limits) or has_gap(subject)


def has_gap(sender: Sender) -> bool:
    """Whether its mails keep a distance."""
    return bool(sender.gap_seconds or sender.gap_jitter_seconds)


def room(campaign: Campaign, senders: Sequence[Sender], *, now: datetime, domain: str = "") -> list[Gauge]:
    """Every limit that holds for mails of `campaign` through `senders`; empty where nothing is limited.

    Limits of a domain are among them for `domain`, and for every other one that is full. At most two queries.
    """
    used = used_by_senders(senders, now=now)
    gauges = campaign_gauges(campaign, used_by_campaigns([campaign], now=now)[campaign.pk], now=now)
    for sender in senders:
        mine = used[sender.pk]
        gauges += sender_gauges(sender, mine, now=now)
        domains = {key[1] for key in mine if key[1]} | {domain} - {""}
        towards = [domain_gauge(sender, mine, each, now=now) for each in sorted(domains)]
        gauges += [gauge for gauge in towards if gauge and (gauge.is_full or gauge.domain == domain)]
    return gauges


def sender_gauges(sender: Sender, used: Used, *, now: datetime) -> list[Gauge]:
    """The limits of `sender` but for those of domains; that of the day is the ramp-up's while it is the lower one."""
    zone = zone_of(sender.timezone)
    today, hour = day_start(now, zone), hour_start(now, zone)
    gauges = []
    daily, code = _daily_limit(sender, now)
    if daily is not None:
        done = used.get((UsageScope.DAY, "", today), 0)
        gauges.append(Gauge(code, done, daily, day_end(now, zone), sender.pk))
    if sender.hourly_limit is not None:
        done = used.get((UsageScope.HOUR, "", hour), 0)
        gauges.append(Gauge(LimitCode.SENDER_HOUR, done, sender.hourly_limit, hour + HOUR, sender.pk))
    if has_gap(sender):
        slot = sender.next_slot_at or now
        gauges.append(Gauge(LimitCode.SENDER_GAP, int(slot > now), 1, slot, sender.pk))
    return gauges


def most_on_day(sender: Sender, at: datetime) -> int | None:
    """How many mails its limits of the day and the hour let through on the day of `at`; None where neither does."""
    daily, _ = _daily_limit(sender, at)
    hourly = None if sender.hourly_limit is None else 24 * sender.hourly_limit
    return min((most for most in (daily, hourly) if most is not None), default=None)


def used_today(sender: Sender, *, now: datetime) -> int | None:
    """The mails of this day through `sender`, which was read with RECENT_DAYS or alone; None where nothing is limited.

    Before the first mail of a day that is 0, though some may have left before anything was limited.
    """
    if not is_limited(sender):
        return None
    today = day_start(now, zone_of(sender.timezone))
    rows = sender.recent_days if hasattr(sender, "recent_days") else sender.usage.filter(scope=UsageScope.DAY)
    return next((row.used for row in rows if row.starts_at == today), 0)


def domain_gauge(sender: Sender, used: Used, domain: str, *, now: datetime) -> Gauge | None:
    """The limit of `sender` for mails of a day to `domain`, if it has one."""
    if sender.domain_daily_limit is None:
        return None
    zone = zone_of(sender.timezone)
    done = used.get((UsageScope.DOMAIN, domain, day_start(now, zone)), 0)
    return Gauge(LimitCode.DOMAIN_DAY, done, sender.domain_daily_limit, day_end(now, zone), sender.pk, domain)


def campaign_gauges(campaign: Campaign, used: Used, *, now: datetime) -> list[Gauge]:
    """The limits of `campaign` itself."""
    zone = zone_of(campaign.timezone)
    today, ends = day_start(now, zone), day_end(now, zone)
    limits = (
        (LimitCode.CAMPAIGN_DAY, UsageScope.DAY, campaign.daily_limit),
        (LimitCode.CAMPAIGN_NEW_LEADS, UsageScope.NEW_LEADS, campaign.daily_new_leads),
    )
    return [
        Gauge(code, used.get((scope, "", today), 0), limit, ends) for code, scope, limit in limits if limit is not None
    ]


def used_by_senders(senders: Iterable[Sender], *, now: datetime) -> dict[int, dict[Period, int]]:
    """What was counted for each sender in the periods that `now` is in; empty for one without limits. One query."""
    used: dict[int, dict[Period, int]] = defaultdict(dict)
    since = {sender.pk: day_start(now, zone_of(sender.timezone)) for sender in senders if is_limited(sender)}
    if since:
        # An hour that began before midnight (where midnight is skipped) still counts.
        rows = SenderUsage.objects.filter(sender__in=since, starts_at__gte=min(since.values()) - HOUR)
        for pk, scope, domain, starts, count in rows.values_list("sender_id", "scope", "domain", "starts_at", "used"):
            if starts >= since[pk] or scope == UsageScope.HOUR:
                used[pk][scope, domain, starts] = count
    return used


def used_by_campaigns(campaigns: Iterable[Campaign], *, now: datetime) -> dict[int, dict[Period, int]]:
    """What was counted for each campaign on the day that `now` is in; empty for one without limits. One query."""
    used: dict[int, dict[Period, int]] = defaultdict(dict)
    today = {each.pk: day_start(now, zone_of(each.timezone)) for each in campaigns if is_limited(each)}
    if today:
        rows = CampaignUsage.objects.filter(campaign__in=today, starts_at__gte=min(today.values()))
        for pk, scope, starts, count in rows.values_list("campaign_id", "scope", "starts_at", "used"):
            if starts == today[pk]:
                used[pk][scope, "", starts] = count
    return used


def _daily_limit(sender: Sender, now: datetime) -> tuple[int | None, LimitCode]:
    ramp = ramp_of(sender, now)
    if ramp is not None and (sender.daily_limit is None or ramp.allowed < sender.daily_limit):
        return ramp.allowed, LimitCode.SENDER_RAMP
    return sender.daily_limit, LimitCode.SENDER_DAY
