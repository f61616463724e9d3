"""What pre-flight says besides what blocks: warnings one should have read, and notes.

Counts of people are made in the database, once for each question.
"""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet

from campaigns.automatic import audience_in_words
from campaigns.errors import AdviceCode
from campaigns.fetching.opened import wants_fetch
from campaigns.fetching.source import source_of
from campaigns.health.findings import HealthCheck, HealthStatus
from campaigns.hearing import is_never_heard
from campaigns.mailboxes import without_reader
from campaigns.models import (
    Campaign,
    DeliveredBy,
    MailboxStatus,
    Recipient,
    RecipientStatus,
    Sender,
    SenderKind,
    SenderStatus,
    Variant,
)
from campaigns.preflight.handing_over import advice_of as advice_on_handing_over
from campaigns.preflight.phrasing import advise_on
from campaigns.preflight.problems import INFO, WARN, Problem, people
from campaigns.scheduling import next_opening
from campaigns.sending.reasons import in_words
from campaigns_project.audit.models import AuditLog

ROLES = (
    "abuse|admin|billing|careers|contact|enquiries|hello|help|hr|info|jobs|mail|marketing|no-?reply|office|orders"
    "|postmaster|press|sales|security|support|team|webmaster"
)
MANY = 50  # mails a day that providers take without suspicion from one mailbox
NAMED = 3  # senders in a sentence
LONG = 10  # sending days after which the world a sequence was written for has changed
HORIZON = timedelta(days=14)  # a window that does not open within it was not meant so


def advise(campaign: Campaign, *, now: datetime) -> list[Problem]:
    """Warnings and notes about `campaign`, in the order people, sending, content."""
    return [*_audience(campaign), *_sending(campaign, now), *_content(campaign)]


def fetches_first(campaign: Campaign) -> Iterator[Problem]:
    """That a start would fetch people first, how many and for what; nothing where it would not."""
    source = source_of(campaign) if wants_fetch(campaign) else None
    if source:
        number, cost = source.search.count, source.about_credits
        message = f"it will fetch up to {number:,} leads from {source.label} first, for about {cost:,} credits."
        hint = "Every mail is checked when they are in, before the first one leaves."
        yield Problem(AdviceCode.FETCHES_FIRST, message, hint, INFO, number)


def _audience(campaign: Campaign) -> Iterator[Problem]:
    yield from fetches_first(campaign)
    if campaign.enrolls_by_itself:
        message = f"it enrolls by itself {audience_in_words(campaign)}."
        hint = "Each is checked on coming in: whose mail could not be made stays out, and is counted by the reason."
        yield Problem(AdviceCode.ENROLLS_BY_ITSELF, message, hint, INFO)
    inside = Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.IN)
    roles = inside.filter(email_address__iregex=rf"^({ROLES})@")
    hint = "Take them out unless they asked for it: such addresses complain more often."
    yield from _doubtful(roles, AdviceCode.ROLE_ADDRESSES, "an address of a role, such as info@", hint)
    hint = "Take them out: hardly anybody reads there for longer than a day."
    throwaways = inside.filter(lead__is_disposable=True)
    yield from _doubtful(throwaways, AdviceCode.DISPOSABLE_ADDRESSES, "an address of a throw-away service", hint)


def _doubtful(which: QuerySet[Recipient], code: AdviceCode, what: str, hint: str) -> Iterator[Problem]:
    count = which.count()
    if count:
        message = f"{people(count)} {'has' if count == 1 else 'have'} {what}."
        yield Problem(code, message, hint, WARN, count, tuple(which.values_list("lead", flat=True)[:3]))


def _sending(campaign: Campaign, now: datetime) -> Iterator[Problem]:
    if campaign.delivered_by == DeliveredBy.INSTANTLY:
        yield from advice_on_handing_over(campaign, now=now)
        return
    if next_opening(campaign, now) > now + HORIZON:
        message = "the sending window does not open within the next 14 days."
        yield Problem(
            AdviceCode.WINDOW_CLOSED, message, "Look at its days, hours and holidays, and at the calendar.", WARN
        )
    senders = list(Sender.objects.filter(campaign_senders__campaign=campaign).select_related("mailbox"))
    for sender in senders:
        yield from _sender(sender, now, is_only=len(senders) == 1)
    if campaign.active_leads_count > MANY and not settings.SANDBOX:
        yield from _unlimited(senders)
    yield from _duration(campaign, senders)
    if campaign.stop_on_reply and campaign.steps.count() > 1:
        yield from _unread(senders)
    yield from _unreadable(senders)
    if settings.SANDBOX:
        message = "the sandbox is on: mails go to the local mailbox and nowhere else. DNS checks are skipped."
        yield Problem(AdviceCode.SANDBOX, message, "Set SANDBOX=off to send for real.", INFO)


def _unread(senders: list[Sender]) -> Iterator[Problem]:
    """Whose replies nobody reads: whoever answers them gets the next mail all the same."""
    unread = without_reader(senders)
    if not unread:
        return
    named = ", ".join(sender.email for sender in unread[:NAMED]) + (" and others" if len(unread) > NAMED else "")
    message = f"it is to stop on a reply, but nobody reads the replies to {named}: who answers gets the next mail too."
    hint = "Choose a mailbox that is read on the sender's page, or note replies on the lead's page or by POST /events."
    yield Problem(AdviceCode.REPLIES_NOT_READ, message, hint, INFO if settings.SANDBOX else WARN, len(unread))


def _unreadable(senders: list[Sender]) -> Iterator[Problem]:
    """Mailboxes that are meant to be read, and by the last look cannot be."""
    mailboxes = {sender.mailbox for sender in senders if sender.mailbox and sender.mailbox.last_error}
    for mailbox in sorted(mailboxes, key=lambda each: each.pk):
        if mailbox.status == MailboxStatus.ACTIVE:
            message = f"the mailbox {mailbox.name} cannot be read at the moment: {mailbox.last_error}"
            yield Problem(AdviceCode.MAILBOX_NOT_READ, message, "Test its login on its page.", WARN)


def _sender(sender: Sender, now: datetime, *, is_only: bool) -> Iterator[Problem]:
    if sender.status == SenderStatus.PAUSED and not is_only:
        message = f"the sender {sender.email} is paused: {in_words(sender.status_reason) or 'by a person'}."
        yield Problem(AdviceCode.SENDER_PAUSED, message, "Resume it, or take it out of the campaign.", WARN)
    for found in _failed_checks(sender):
        message = f"the sender {sender.email}: {found['message']}"
        hint = found["hint"] or "Its page shows what was expected and found."
        yield Problem(AdviceCode.SENDER_UNHEALTHY, message, hint, WARN)
    if not settings.SANDBOX and is_never_heard(sender, now=now):
        message = f"the service of {sender.email} has never reported what became of a mail: bounces go unseen."
        hint = "Set its webhook up: the sender's page says how."
        yield Problem(AdviceCode.SENDER_UNHEARD, message, hint, WARN)


def _unlimited(senders: list[Sender]) -> Iterator[Problem]:
    able = [sender for sender in senders if sender.status == SenderStatus.ACTIVE]
    for sender in able:
        if sender.kind == SenderKind.SMTP and _most_a_day(sender) == math.inf:
            message = f"the sender {sender.email} has no limit and no gap: it sends as fast as its server takes it."
            hint = f"Mailboxes that suddenly write to hundreds are blocked. Begin with some {MANY} a day and a gap."
            yield Problem(AdviceCode.SENDER_UNLIMITED, message, hint, WARN)


def _failed_checks(sender: Sender) -> list[dict[str, Any]]:
    """What failed when it was looked at last. In a sandbox DNS does not count; unknown never does."""
    counted = (HealthCheck.LOGIN,) if settings.SANDBOX else HealthCheck.values
    checks = (sender.health or {}).get("checks", [])
    return [found for found in checks if found["status"] == HealthStatus.FAIL and found["code"] in counted]


class Pace(NamedTuple):
    """Most mails and most first mails a day; infinity where nothing limits them."""

    mails: float
    first_mails: float


def _duration(campaign: Campaign, senders: list[Sender]) -> Iterator[Problem]:
    pace = _pace(campaign, senders)
    inside = campaign.active_leads_count
    mails = inside * campaign.steps.count()
    days = max(math.ceil(mails / pace.mails), math.ceil(inside / pace.first_mails))
    if days <= 1:
        return
    message = f"at its limits it takes at least {days:,} sending days for {mails:,} mails."
    if days > LONG:
        yield Problem(AdviceCode.CAPACITY, message, "Add senders, raise limits, or enroll fewer people.", WARN, days)
    else:
        yield Problem(AdviceCode.DURATION, message, "", INFO, days)


def _pace(campaign: Campaign, senders: list[Sender]) -> Pace:
    able = [sender for sender in senders if sender.status == SenderStatus.ACTIVE]
    together = sum(_most_a_day(sender) for sender in able) or math.inf
    return Pace(min(campaign.daily_limit or math.inf, together), campaign.daily_new_leads or math.inf)


def _most_a_day(sender: Sender) -> float:
    """What it may send on a day once its ramp-up is over."""
    by_ramp = sender.ramp_ceiling if sender.ramp_start and sender.ramp_ceiling else None
    by_hour = sender.hourly_limit * 24 if sender.hourly_limit else None
    by_gap = 86_400 // sender.gap_seconds if sender.gap_seconds else None
    return min((limit for limit in (sender.daily_limit, by_ramp, by_hour, by_gap) if limit), default=math.inf)


def _content(campaign: Campaign) -> Iterator[Problem]:
    active = Variant.objects.filter(step__campaign=campaign, is_active=True).select_related("step")
    variants = list(active.order_by("step__position", "label"))
    for variant in variants:
        yield from advise_on(variant)
    if variants and not _was_tested(campaign, variants):
        message = "no test mail was sent since the content was changed last."
        yield Problem(AdviceCode.NO_TEST_YET, message, "Send yourself one and read it as they will.", INFO)


def _was_tested(campaign: Campaign, variants: list[Variant]) -> bool:
    tests = AuditLog.objects.about(campaign).filter(action="campaign.test_sent")
    edited_at = max(variant.updated_at for variant in variants)
    return tests.filter(created_at__gte=edited_at).exists()
