"""How many mails may be claimed before the limits are asked one by one: so that workers take what can leave.

Read without a lock, so several workers may each be told of the same room; the gate counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from campaigns.models import Campaign, CampaignSender, Recipient, RecipientStatus, Sender, SenderStatus
from campaigns.sending.limits import (
    LimitCode,
    Used,
    campaign_gauges,
    is_limited,
    sender_gauges,
    used_by_campaigns,
    used_by_senders,
)

PLENTY = 1_000_000  # more than anybody claims at once


@dataclass(frozen=True)
class Allowance:
    """So many mails in all, so many of them to people who had none yet, and so many through each sender with room."""

    mails: int
    first_mails: int
    by_sender: Mapping[int, int]

    def for_sender(self, sender: Sender) -> int:
        """How many mails may be claimed for this one alone."""
        return min(self.mails, self.by_sender.get(sender.pk, 0))


def allowance(campaign: Campaign, senders: Sequence[Sender], *, at_most: int, now: datetime) -> Allowance:
    """What may be claimed of `campaign` for `senders`; no query where nothing is limited, two at most elsewhere."""
    used = used_by_senders(senders, now=now)
    return _allowance(
        campaign, senders, used, used_by_campaigns([campaign], now=now)[campaign.pk], at_most=at_most, now=now
    )


def with_room(campaigns: Sequence[Campaign], *, now: datetime) -> list[Campaign]:
    """Those of `campaigns` for which somebody who is due can be sent to: a worker finds something to claim.

    One with no sender that could be used is among them: that has to be seen, and said on its page. Three queries, and
    one more for each campaign with room.
    """
    if not campaigns:
        return []
    senders = _senders(campaigns, now)
    used = used_by_senders({each for some in senders.values() for each in some}, now=now)
    used_there = used_by_campaigns(campaigns, now=now)
    return [
        campaign
        for campaign in campaigns
        if not (mine := senders[campaign.pk])
        or _finds_somebody(
            campaign, _allowance(campaign, mine, used, used_there[campaign.pk], at_most=PLENTY, now=now), now
        )
    ]


def _allowance(
    campaign: Campaign,
    senders: Iterable[Sender],
    used: Mapping[int, Used],
    used_there: Used,
    *,
    at_most: int,
    now: datetime,
) -> Allowance:
    left = {gauge.code: gauge.left for gauge in campaign_gauges(campaign, used_there, now=now)}
    by_sender = {sender.pk: _left_of(sender, used, now, at_most) for sender in senders}
    mails = min(at_most, sum(by_sender.values()), left.get(LimitCode.CAMPAIGN_DAY, at_most))
    return Allowance(
        mails=mails,
        first_mails=min(mails, left.get(LimitCode.CAMPAIGN_NEW_LEADS, mails)),
        by_sender={pk: room for pk, room in by_sender.items() if room},
    )


def _left_of(sender: Sender, used: Mapping[int, Used], now: datetime, at_most: int) -> int:
    if not is_limited(sender):
        return at_most
    return min((gauge.left for gauge in sender_gauges(sender, used.get(sender.pk, {}), now=now)), default=at_most)


def _senders(campaigns: Sequence[Campaign], now: datetime) -> dict[int, list[Sender]]:
    rested = Q(sender__backs_off_until=None) | Q(sender__backs_off_until__lte=now)
    links = CampaignSender.objects.filter(rested, campaign__in=campaigns, sender__status=SenderStatus.ACTIVE)
    found: dict[int, list[Sender]] = {campaign.pk: [] for campaign in campaigns}
    for link in links.select_related("sender").defer(*(f"sender__{name}" for name in Sender.SECRETS)):
        found[link.campaign_id].append(link.sender)
    return found


def _finds_somebody(campaign: Campaign, room: Allowance, now: datetime) -> bool:
    if not room.mails:
        return False
    active = Sender.objects.filter(campaign_senders__campaign=campaign).able()
    due = Recipient.objects.due(now).filter(campaign=campaign)
    if not room.first_mails:
        due = due.exclude(status=RecipientStatus.PENDING)
    # As in the claim: a recipient stays with its sender, unless that one dropped out.
    return due.filter(Q(sender=None) | Q(sender__in=list(room.by_sender)) | ~Q(sender__in=active.values("pk"))).exists()
