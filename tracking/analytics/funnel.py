"""How far people came, each stage beside the one before it."""

from typing import TypedDict

from campaigns.models import Campaign, Recipient
from tracking.analytics.shares import Share, share


class Stage(TypedDict):
    """So many people came as far as this; the shares are of the stage before, and of those whom a mail reached."""

    stage: str
    people: int
    of_previous: Share | None
    of_delivered: Share | None


STAGES = ("enrolled", "sent", "delivered", "replied", "booked")
_AFTER_DELIVERY = frozenset({"replied", "booked"})


def count_delivered(campaign: Campaign) -> int:
    """People who got a mail and from whom none came back. One query.

    Not the difference of two counters: whom a server refused at once has bounced and was never sent to.
    """
    return Recipient.objects.filter(campaign=campaign, sent_at__isnull=False, bounced_at=None).count()


def funnel(campaign: Campaign, *, delivered: int) -> list[Stage]:
    """How many people of `campaign` came to each of STAGES, by its own counters and `count_delivered`. No query.

    Opens and clicks are no stages: pictures are blocked and links opened by others, and many reply without either. Who
    booked without a reply counts all the same, so a stage may have more people than the one before it.
    """
    people = (
        campaign.total_recipients,
        campaign.recipients_reached,
        delivered,
        campaign.emails_replied,
        campaign.booked_count,
    )
    return [
        {
            "stage": stage,
            "people": number,
            "of_previous": None if before is None else share(number, before),
            "of_delivered": share(number, delivered) if stage in _AFTER_DELIVERY else None,
        }
        for stage, number, before in zip(STAGES, people, (None, *people), strict=False)
    ]
