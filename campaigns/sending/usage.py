"""What was counted against limits is of no use once its day is over everywhere, or when nothing counts on any more."""

from datetime import datetime, timedelta

from django.db import transaction

from campaigns.locks import hold_usage
from campaigns.models import Campaign, CampaignUsage, Sender, SenderUsage
from campaigns.sending.limits import LIMITED_CAMPAIGN, LIMITED_SENDER

KEPT = timedelta(days=8)  # a week to look back on, and the day it began
TODAY = timedelta(days=2)  # whatever day it is anywhere began since


def forget_usage(*, now: datetime) -> int:
    """Delete counts of days and hours that began more than KEPT ago; returns how many rows that were."""
    old = [model.objects.filter(starts_at__lt=now - KEPT) for model in (SenderUsage, CampaignUsage)]
    return sum(rows.delete()[0] for rows in old)


@transaction.atomic
def forget_unlimited(*, now: datetime) -> int:
    """Delete what was counted today for those who have no limit any more; returns how many rows that were.

    Nothing is counted for them. Should they get a limit again today, all their mails of the day are looked up, instead
    of going on from a count that stood still meanwhile.
    """
    today = {"starts_at__gte": now - TODAY}
    senders = SenderUsage.objects.filter(**today).exclude(sender__in=Sender.objects.filter(LIMITED_SENDER))
    campaigns = CampaignUsage.objects.filter(**today).exclude(campaign__in=Campaign.objects.filter(LIMITED_CAMPAIGN))
    # Whoever counts is waited for, and whoever was given a limit meanwhile keeps what was counted.
    hold_usage(
        senders=senders.values_list("sender__pk", flat=True).distinct(),
        campaigns=campaigns.values_list("campaign__pk", flat=True).distinct(),
    )
    return senders.delete()[0] + campaigns.delete()[0]
