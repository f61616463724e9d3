"""Large campaigns counted anew while things happen in them, as often as the counting is cheap.

The tick asks (`ask_for_counts`), a worker counts (`count_again`), one campaign at a time.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Prefetch, Q
from django_q.tasks import async_task

from campaigns.locks import Lock, let_go, take_for_session
from campaigns.models import Campaign, CampaignStatus, CampaignTally
from campaigns.tallies.kinds import all_kinds, count_of
from campaigns.tallies.read import SMALL
from campaigns.task_names import COUNT

SOONEST = timedelta(seconds=10)  # between two counts of the same
SHARE = 20  # a count that took a second is made at most every 20
# What moves nothing on the campaign's own row, such as a mail that is tried again, is seen after so long.
LATEST = timedelta(minutes=5)
ASK_AGAIN = timedelta(minutes=2)  # one that was asked for and not made: its worker died, or all of them are busy
MOVING = (CampaignStatus.RUNNING, CampaignStatus.PAUSED)
# What is on the campaign's own row and moves with nearly everything that can be counted.
COUNTERS = (
    "status",
    "total_recipients",
    "recipients_reached",
    "active_leads_count",
    "completed_leads_count",
    "emails_sent",
    "emails_opened",
    "emails_clicked",
    "emails_replied",
    "emails_bounced",
    "opted_out_count",
    "booked_count",
)
_ONLY = 0  # the one lock of its kind: counting must not take all workers from sending


def ask_for_counts(*, now: datetime) -> int:
    """Queue the counts of large campaigns that have become old; how many."""
    asked = 0
    kept = Prefetch("tallies", CampaignTally.objects.defer("figures"))
    large = Campaign.objects.living().filter(total_recipients__gt=SMALL)
    for campaign in large.prefetch_related(kept).order_by("pk"):
        for kind in _old(campaign, now):
            made, _ = CampaignTally.objects.get_or_create(campaign=campaign, kind=kind)
            free = Q(asked_at=None) | Q(asked_at__lt=now - ASK_AGAIN)
            if CampaignTally.objects.filter(free, pk=made.pk).update(asked_at=now):
                transaction.on_commit(partial(async_task, COUNT, made.pk, q_options={"task_name": f"count {kind}"}))
                asked += 1
    return asked


def count_again(*, tally_id: int, now: datetime) -> bool:
    """Count one anew; False when another worker is counting, or the campaign is gone."""
    if not take_for_session(Lock.TALLY, _ONLY):
        CampaignTally.objects.filter(pk=tally_id).update(asked_at=None)
        return False
    try:
        return _count(tally_id, now)
    finally:
        let_go(Lock.TALLY, _ONLY)


def _count(tally_id: int, now: datetime) -> bool:
    asked = CampaignTally.objects.living().filter(pk=tally_id).select_related("campaign").first()
    if asked is None:
        return False
    # The counters are read before: what comes while it is counted is news once more.
    counters, began = counters_of(asked.campaign), time.monotonic()
    figures = count_of(asked.kind)(asked.campaign, now)
    seconds = time.monotonic() - began
    found = CampaignTally.objects.filter(pk=tally_id)
    return bool(found.update(figures=figures, counters=counters, counted_at=now, seconds=seconds, asked_at=None))


def _old(campaign: Campaign, now: datetime) -> Iterator[str]:
    kept = {each.kind: each for each in campaign.tallies.all()}
    for kind in all_kinds():
        known = kept.get(kind)
        if known is None or known.counted_at is None:
            yield kind
            continue
        age = now - known.counted_at
        has_news = known.counters != counters_of(campaign) or (campaign.status in MOVING and age > LATEST)
        if has_news and age > max(SOONEST, SHARE * timedelta(seconds=known.seconds)):
            yield kind


def counters_of(campaign: Campaign) -> list[object]:
    """The values of COUNTERS."""
    return [getattr(campaign, name) for name in COUNTERS]
