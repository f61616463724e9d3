"""Which campaigns of Instantly are to be looked at."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django_q.tasks import async_task

from campaigns.models import CampaignStatus, Handover

OFTEN = timedelta(minutes=5)  # a campaign that runs
RARELY = timedelta(hours=1)  # any other: somebody may still answer
LOOKED_AT = timedelta(days=30)  # after its end
TASK = "tracking.tasks.poll_instantly"


def queue_polls(*, now: datetime) -> int:
    """Queue a look at each campaign whose turn it is; how many."""
    rows = Handover.objects.living().filter(account__status="active").exclude(campaign__instantly_campaign_id="")
    running = Q(campaign__status=CampaignStatus.RUNNING, campaign__auto_discovered=False)
    ended = Q(campaign__status__in=CampaignStatus.ended, campaign__updated_at__lt=now - LOOKED_AT)
    due = (
        Q(poll_queued_at=None)
        | Q(running, poll_queued_at__lt=now - OFTEN)
        | (~Q(running) & Q(poll_queued_at__lt=now - RARELY))
    )
    found = list(rows.filter(due).exclude(ended).order_by("pk").values_list("pk", flat=True))
    for pk in found:
        queue(pk, now=now)
    return len(found)


def queue(handover_id: int, *, now: datetime) -> None:
    """Queue a look at one campaign."""
    Handover.objects.filter(pk=handover_id).update(poll_queued_at=now)
    transaction.on_commit(
        partial(async_task, TASK, handover_id, q_options={"task_name": f"look at Instantly {handover_id}"})
    )
