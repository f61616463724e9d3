"""What was counted against limits is of no use once its day is over everywhere, or when nothing counts on any more."""

from datetime import datetime, timedelta

from campaigns.models import Campaign, CampaignUsage, Sender, SenderUsage
from campaigns.sending.limits import LIMITED_CAMPAIGN, LIMITED_SENDER

KEPT = timedelta(days=8)  # a week to look back on, and the day it began
TODAY = timedelta(days=2)  # whatever day it is anywhere began since


def forget_usage(*, now: datetime) -> int:
    """Delete counts of days and hours that began more than KEPT ago; returns how many rows that were."""
    old = [model.objects.filter(starts_at__lt=now - KEPT) for model in (SenderUsage, CampaignUsage)]
    return sum(rows.delete()[0] for rows in old)


def forget_unlimited(*, now: datetime) -> int:
    """Delete what was counted today for those who have no limit any more; returns how many rows that were.

    Nothing is counted for them. Should they get a limit again today, all their mails of the day are looked up, instead
    of going on from a count that stood still meanwhile.
    """
    senders = Sender.objects.exclude(LIMITED_SENDER).values("pk")
    campaigns = Campaign.objects.exclude(LIMITED_CAMPAIGN).values("pk")
    stale = [SenderUsage.objects.filter(sender__in=senders), CampaignUsage.objects.filter(campaign__in=campaigns)]
    return sum(rows.filter(starts_at__gte=now - TODAY).delete()[0] for rows in stale)
