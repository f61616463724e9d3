"""The bounce guard: a sender too many of whose mails are refused pauses itself, before receivers block it for good.

Counted are people who bounced hard or complained, and mails refused for good by policy or content (row 5 of
docs/faults.md). A full mailbox is nobody's fault and does not count.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection

from campaigns.delivery.outcomes import Kind
from campaigns.models import Sender, SenderStatus
from campaigns.sending.reasons import SenderReason
from campaigns.sending.withdraw import withdraw

LAST = 200  # mails that are judged: enough for a share in whole per cents, few enough to notice a bad list early
WITHIN = timedelta(days=7)  # what went wrong before is history
OLDEST = timedelta(days=5)  # no mail is tried for longer after it was made, so what is older was tried before
COUNTED = frozenset({Kind.ADDRESS_DEAD, Kind.POLICY, Kind.CONTENT, Kind.OTHER})


def judge(*, senders: Iterable[int], now: datetime) -> list[int]:
    """Pause those of the senders, by id, whose share of bad mails is above their limit; returns which.

    To be called when something bad became of a mail, and only then: a good mail never trips it.
    """
    guarded = Sender.objects.filter(pk__in=set(senders), status=SenderStatus.ACTIVE, guard_percent__gt=0)
    return [sender.pk for sender in guarded.order_by("pk") if _trips(sender, now)]


def share(sender: Sender, *, now: datetime) -> tuple[int, int]:
    """Bad mails and all mails among those that the guard looks at: the last ones, since it was last resumed."""
    with connection.cursor() as cursor:
        begins = max(now - WITHIN, sender.guard_since or now - WITHIN)
        counted = [str(kind) for kind in COUNTED]
        since = {"begins": begins, "made": begins - OLDEST}
        cursor.execute(_SHARE, {"sender": sender.pk, "last": LAST, "counted": counted, **since})
        bad, total = cursor.fetchone()
    return bad, total


def _trips(sender: Sender, now: datetime) -> bool:
    bad, total = share(sender, now=now)
    if total < max(sender.guard_floor, 1) or bad * 100 <= sender.guard_percent * total:
        return False
    figures = f"{bad} of the last {total} mails bounced or were refused ({bad * 100 / total:.1f} %)"
    why = f"{SenderReason.BOUNCE_GUARD}: {figures}; the limit is {sender.guard_percent} %."
    return withdraw(sender_id=sender.pk, why=why)


# A person who bounced is counted once, however many mails went there before.
_SHARE = """
WITH last AS (
    SELECT recipient_id, status, reason FROM campaign_messages
    WHERE sender_id = %(sender)s AND attempted_at >= %(begins)s AND status IN ('sent', 'failed', 'uncertain')
      AND created_at >= %(made)s
    ORDER BY created_at DESC LIMIT %(last)s
)
SELECT count(DISTINCT last.recipient_id) FILTER (WHERE
        (last.status = 'failed' AND last.reason = ANY(%(counted)s))
        OR recipient.bounced_at IS NOT NULL OR recipient.exit_reason IN ('hard_bounce', 'complained')),
    count(*)
FROM last JOIN campaign_recipients recipient ON recipient.id = last.recipient_id
"""
