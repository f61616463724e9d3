"""Campaigns whose days are counted anew while things happen in them. The tick asks, a worker counts."""

import logging
import time
from datetime import datetime, timedelta

from django.db import DataError
from django.db.models import DurationField, ExpressionWrapper, F, FilteredRelation, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Greatest, JSONArray
from django_q.tasks import async_task

from campaigns.locks import Lock, let_go, take_for_session
from campaigns.models import Campaign
from campaigns.tallies.renew import COUNTERS, LATEST, MOVING, SHARE, SOONEST
from campaigns_project.workers.queue import queue_state
from tracking.analytics.clock import clock
from tracking.days.count import KIND, count_days

RENEW = "tracking.tasks.renew_days"
TURN = 2.0  # seconds of a turn, which the tick asks for every ten: a fifth of one worker at most
AT_ONCE = 500  # campaigns of a turn
ENOUGH = 20  # tasks that wait: while nobody works, the queue must not fill with turns
# A first time may become an earlier one without moving a counter: seen after LATEST, and when it has ended after a day.
ECHO = timedelta(days=30)
DAILY = timedelta(days=1)
_ALL = 0

logger = logging.getLogger(__name__)


def ask_for_days(*, now: datetime) -> bool:
    """Queue a turn where some campaign's days have become old; true when it was queued. For a clock that calls it."""
    if not with_news(now).exists() or queue_state().waiting >= ENOUGH:
        return False
    async_task(RENEW, q_options={"task_name": "count days of campaigns"})
    return True


def renew_days(*, now: datetime) -> int:
    """One turn: count those that have waited longest; how many. None while another worker is at it."""
    if not take_for_session(Lock.DAYS, _ALL):
        return 0
    try:
        return _count(now)
    finally:
        let_go(Lock.DAYS, _ALL)


def with_news(now: datetime) -> QuerySet[Campaign]:
    """Campaigns whose days may not be what counting would give, those first that were counted longest ago.

    None sooner than SOONEST after it was counted last, and one that takes a second at most every SHARE seconds.
    """
    campaigns = Campaign.objects.living().annotate(tally=FilteredRelation("tallies", condition=Q(tallies__kind=KIND)))
    campaigns = campaigns.annotate(
        counted_at=F("tally__counted_at"),
        counted_as=F("tally__counters"),
        counted_by=KeyTextTransform("timezone", F("tally__figures")),
    )
    rest = ExpressionWrapper(F("tally__seconds") * Value(timedelta(seconds=SHARE)), output_field=DurationField())
    has_rested = Q(counted_at__lt=Value(now) - Greatest(rest, Value(SOONEST)))
    has_moved = ~Q(counted_as=JSONArray(*COUNTERS)) | ~Q(counted_by=clock())
    never = Q(counted_at=None, total_recipients__gt=0)
    due = never | has_rested & (has_moved | _is_old(now))
    return campaigns.filter(due).order_by(F("counted_at").asc(nulls_first=True), "pk")


def _is_old(now: datetime) -> Q:
    is_moving = Q(status__in=MOVING, counted_at__lt=now - LATEST)
    has_ended = Q(completed_at__gt=now - ECHO, counted_at__lt=now - DAILY)
    return is_moving | has_ended


def _count(now: datetime) -> int:
    ends, done = time.monotonic() + TURN, 0
    for campaign_id in with_news(now).values_list("pk", flat=True)[:AT_ONCE]:
        try:
            count_days(campaign_id=campaign_id, now=now)
        except DataError:  # such as a moment that no date can be told of: the others are not to wait for it
            logger.exception("days of campaign %s could not be counted", campaign_id)
        done += 1
        if time.monotonic() >= ends:
            break
    return done
