"""How far Instantly is with a campaign: what it was told, whom it has, and what it does not know yet."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q

from campaigns.models import Campaign, HandedLead, HandedStatus, Handover

COUNTED_UP_TO = 100_000  # people of a state, some ten milliseconds: more are told as one more than that


@dataclass(frozen=True)
class Delivery:
    """`to_remove` are out here and still there since `oldest_removal_at`; `their_status` is as Instantly numbers it.

    `held` and its like are counted up to COUNTED_UP_TO.
    """

    told: str
    told_at: datetime | None
    held: int
    asked: int
    refused: int
    removed: int
    to_remove: int
    oldest_removal_at: datetime | None
    their_status: int | None
    polled_at: datetime | None
    error: str
    retry_at: datetime | None
    mailboxes: tuple[str, ...]
    figures: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "mailboxes": list(self.mailboxes)}


def delivery_of(campaign: Campaign) -> Delivery | None:
    """How it stands, by three queries; None for a campaign that Instantly does not deliver."""
    handover = Handover.objects.filter(campaign=campaign).first()
    if handover is None:
        return None
    leads = HandedLead.objects.filter(handover=handover)
    by_status = _counted(handover)
    going = leads.filter(Q(wanted_out_at__isnull=False) | Q(recipient=None), status__in=HandedStatus.OPEN)
    to_remove = going.aggregate(to_remove=Count("pk"), oldest_removal_at=Min("wanted_out_at"))
    return Delivery(
        told=handover.told,
        told_at=handover.told_at,
        **by_status,
        **to_remove,
        their_status=handover.their_status,
        polled_at=handover.polled_at,
        error=handover.last_error or handover.poll_error,
        retry_at=handover.retry_at,
        mailboxes=tuple(handover.mailboxes),
        figures=handover.figures,
    )


def _counted(handover: Handover) -> dict[str, Any]:
    """How many there are of each state: a page waits for it, and there may be a million of them."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"handover": handover.pk, "most": COUNTED_UP_TO + 1, "states": HandedStatus.values})
        return dict(cursor.fetchall())


_COUNT = """
SELECT state.name, (
    SELECT count(*) FROM (
        SELECT status FROM instantly_leads WHERE handover_id = %(handover)s AND status = state.name LIMIT %(most)s
    ) AS counted
)
FROM unnest(%(states)s::text[]) AS state(name)
"""
