"""The sum rule, for every campaign at every moment: what was planned is in exactly one place."""

from dataclasses import asdict, dataclass

from django.db import connection

from campaigns.models import Campaign, MessageStatus, RecipientStatus


@dataclass(frozen=True)
class Ledger:
    """Every pair of a recipient and a mail step, counted in exactly one place."""

    planned: int
    waiting: int = 0
    in_flight: int = 0
    sent: int = 0
    failed: int = 0
    skipped: int = 0
    uncertain: int = 0

    @property
    def adds_up(self) -> bool:
        """True when the parts make the whole."""
        return self.planned == sum(asdict(self).values()) - self.planned

    @property
    def settled(self) -> int:
        """Pairs about which nothing more will happen by itself."""
        return self.sent + self.failed + self.skipped + self.uncertain

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def ledger(campaign: Campaign) -> Ledger:
    """Count, pair by pair: a message row in its status, or no row yet: waiting if the recipient is in, skipped if out.

    `planned` is counted on its own (recipients times steps), so that the sum can be checked against it. One statement,
    so one snapshot.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"campaign": campaign.pk, "inside": list(RecipientStatus.IN)})
        rows = cursor.fetchall()
    counts = dict.fromkeys(("waiting", "in_flight", "sent", "failed", "skipped", "uncertain"), 0)
    planned = 0
    for place, number in rows:
        if place == "planned":
            planned = number
        else:
            counts[_PLACE.get(place, place)] += number
    return Ledger(planned=planned, **counts)


_PLACE = {
    MessageStatus.PENDING: "waiting",
    MessageStatus.DEFERRED: "waiting",
    MessageStatus.CLAIMED: "in_flight",
    MessageStatus.SENDING: "in_flight",
}

_COUNT = """
SELECT
    coalesce(message.status, CASE WHEN recipient.status = ANY(%(inside)s) THEN 'waiting' ELSE 'skipped' END),
    count(*)
FROM campaign_recipients recipient
JOIN campaign_steps step ON step.campaign_id = recipient.campaign_id
LEFT JOIN campaign_messages message ON message.recipient_id = recipient.id AND message.step_id = step.id
WHERE recipient.campaign_id = %(campaign)s
GROUP BY 1
UNION ALL
SELECT 'planned',
    (SELECT count(*) FROM campaign_recipients WHERE campaign_id = %(campaign)s)
    * (SELECT count(*) FROM campaign_steps WHERE campaign_id = %(campaign)s)
"""
