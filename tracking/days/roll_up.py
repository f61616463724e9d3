"""Counters and days of a campaign, recounted because a person asks for it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.models import Campaign
from campaigns.recounting import Miscount, miscounts, recount
from campaigns_project.audit.actors import Actor
from tracking.days.count import Difference, count_days, differences, is_up_to_date


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What was not as a recount gives it.

    `days_are_behind` where something has happened since the days were counted, so that they are no mistake: they are
    counted every few seconds while workers run.
    """

    campaign: int
    name: str
    counters: list[Miscount]
    days: list[Difference]
    days_are_behind: bool

    @property
    def differs(self) -> bool:
        return bool(self.counters or self.days)

    @property
    def is_drift(self) -> bool:
        """Whether something is wrong that time alone does not mend."""
        return bool(self.counters or (self.days and not self.days_are_behind))

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "is_drift": self.is_drift}


def roll_up(*, campaign: Campaign, actor: Actor, now: datetime, dry_run: bool = False) -> RolledUp:
    """Count the campaign's counters and days anew and keep them; answers what they were before.

    Safe beside workers, and any number of times; a dry run changes nothing.
    """
    with transaction.atomic():
        behind = not is_up_to_date(campaign_id=campaign.pk)
        days = differences(campaign_id=campaign.pk)
    if dry_run:
        counters = miscounts(campaign_id=campaign.pk)
    else:
        counters = recount(campaign_id=campaign.pk, actor=actor)
        count_days(campaign_id=campaign.pk, now=now)
    return RolledUp(campaign.pk, campaign.name, counters, days, behind)
