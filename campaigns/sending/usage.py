"""What was counted against limits is of no use once its day is over everywhere."""

from datetime import datetime, timedelta

from campaigns.models import CampaignUsage, SenderUsage

KEPT = timedelta(days=8)  # a week to look back on, and the day it began


def forget_usage(*, now: datetime) -> int:
    """Delete counts of days and hours that began more than KEPT ago; returns how many rows that were."""
    old = [model.objects.filter(starts_at__lt=now - KEPT) for model in (SenderUsage, CampaignUsage)]
    return sum(rows.delete()[0] for rows in old)
