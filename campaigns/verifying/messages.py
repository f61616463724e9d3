"""Messages against the people they are for, and against the leases of those who have them in hand."""

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

from campaigns_project.verification.finding import Finding
from campaigns_project.verification.rows import FIX_SQL, Fault, scan

# Promise 2 allows a second between the last look and the mail. An exit carries the time at which it was asked for, by
# the clock of the machine that was asked; until it is committed it may wait for locks, and an end of a whole campaign
# may wait for a large enrollment. What news brought carries the news' own time, which may be hours before we heard of
# it and says nothing of when we knew: a reply, a bounce, an opt-out told by a provider, and also the completion that
# follows when such news proves that the last mail arrived. Instantly, where it delivers, hears of exits later.
_OUT_BY_OUR_CLOCK = """
campaign.delivered_by = 'senders' AND message.status IN ('sending', 'sent', 'uncertain')
AND message.attempted_at > recipient.exited_at + CASE recipient.exit_reason
    WHEN 'failed' THEN interval '1 minute' WHEN 'suppressed' THEN interval '1 minute'
    WHEN 'de_enrolled' THEN interval '1 minute' WHEN 'booked' THEN interval '1 minute'
    WHEN 'campaign_stopped' THEN interval '10 minutes' END
"""

_SOURCE = """
campaign_messages message
JOIN campaign_recipients recipient ON recipient.id = message.recipient_id
JOIN campaigns campaign ON campaign.id = recipient.campaign_id AND campaign.deleting_at IS NULL
LEFT JOIN sending_leases lease ON lease.id = message.lease
"""

# A lease that has ended for those that none holds, by campaign: the next tick settles them by its own rules.
_LEASE_ANEW = """
WITH lost AS (
    SELECT message.id, message.lease, message.recipient_id, recipient.campaign_id FROM campaign_messages message
    JOIN campaign_recipients recipient ON recipient.id = message.recipient_id
    WHERE message.lease IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM sending_leases lease
        WHERE lease.id = message.lease AND message.recipient_id = ANY(lease.recipients))
), leases AS (
    INSERT INTO sending_leases (campaign_id, recipients, until, created_at)
    SELECT campaign_id, array_agg(DISTINCT recipient_id), now(), now() FROM lost GROUP BY campaign_id
    RETURNING id, campaign_id
)
UPDATE campaign_messages SET lease = leases.id
FROM lost JOIN leases ON leases.campaign_id = lost.campaign_id
WHERE campaign_messages.id = lost.id AND campaign_messages.lease = lost.lease;
""".strip()

_FAULTS = [
    Fault(
        id="message_waits_for_nobody",
        where="campaign_messages.status",
        message="They wait to be sent, and their recipient has left the sequence.",
        condition="message.status IN ('pending', 'deferred') AND recipient.exit_reason <> ''",
        fix=FIX_SQL,
        fix_sql="UPDATE campaign_messages SET status = 'skipped', reason = recipient.exit_reason"
        " FROM campaign_recipients recipient WHERE recipient.id = recipient_id AND recipient.exit_reason <> ''"
        " AND campaign_messages.status IN ('pending', 'deferred');",
    ),
    Fault(
        id="sent_after_exit",
        where="campaign_messages.attempted_at",
        message="They left after their recipient was out of the sequence.",
        condition=_OUT_BY_OUR_CLOCK,
        fix="Nothing takes a mail back. Check that the clocks of the machines agree; else report it as a fault.",
    ),
    Fault(
        id="message_without_lease",
        where="campaign_messages.lease",
        message="They are in a worker's hands, and no lease says until when: nobody would ever take them back.",
        condition="message.lease IS NOT NULL AND (message.recipient_id = ANY(lease.recipients)) IS NOT TRUE",
        fix=FIX_SQL,
        fix_sql=_LEASE_ANEW,
    ),
]


def check_messages(cursor: CursorWrapper) -> Iterable[Finding]:
    """Nothing waits for somebody who left, nothing left for somebody who was out, and what is in hand has a lease."""
    return scan(cursor, source=_SOURCE, key="message.id", faults=_FAULTS)
