"""The last look before a mail leaves: is the recipient still in, the campaign running, the address not suppressed?"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import connection, models, transaction

from campaigns.models import ExitReason
from campaigns.sending.claim import LEASE, Claim


class GateRefusal(models.TextChoices):
    """Why a claimed message was not let through; a recipient who left gives its own exit reason instead."""

    NOT_RUNNING = "campaign_not_running", "the campaign is not running"
    SUPPRESSED = "suppressed", "the address is suppressed"


# How long a mail may still leave after its gate (promise 2: nothing leaves more than a second after the last look).
VALID_FOR = 1.0  # seconds
# Longer than connecting and the longest SMTP transaction together: who still works must not be taken for dead.
SENDING_LEASE = timedelta(seconds=150)


@transaction.atomic
def gate(claims: Sequence[Claim], merge_values: Sequence[Mapping[str, str]]) -> dict[int, str]:
    """Let messages through, marking them `sending`; answers, by message id, "" or the reason why not.

    `merge_values`, one per claim, are kept with the message, so that the exact mail can be shown again.
    A claim whose fence is stale is not in the answer at all: it is somebody else's now. What the gate read holds for
    `VALID_FOR` seconds; a mail that did not begin its content by then has to be asked again (`ungate` first).
    """
    with connection.cursor() as cursor:
        values = [json.dumps(one) for one in merge_values]
        cursor.execute(_GATE, {**_keys(claims), "values": values, "lease": SENDING_LEASE.total_seconds()})
        return dict(cursor.fetchall())


@transaction.atomic
def ungate(claims: Sequence[Claim]) -> None:
    """Take back messages that passed the gate and whose content surely never went out."""
    with connection.cursor() as cursor:
        cursor.execute(_UNGATE, {**_keys(claims), "lease": LEASE.total_seconds()})


def renew(claims: Sequence[Claim]) -> None:
    """Keep the lease of claims that wait for their turn."""
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, {**_keys(claims), "lease": LEASE.total_seconds()})


def exit_reason(refusal: str) -> ExitReason | None:
    """The exit reason a refusal stands for; None where the recipient is still in."""
    return ExitReason(refusal) if refusal in ExitReason.values else None


def _keys(claims: Sequence[Claim]) -> dict[str, list[int]]:
    return {"ids": [claim.message for claim in claims], "fences": [claim.fence for claim in claims]}


_GATE = """
WITH asked AS (
    SELECT message.id, mine.merge_values, CASE
        WHEN recipient.exit_reason <> '' THEN recipient.exit_reason
        WHEN campaign.status <> 'running' OR campaign.deleting_at IS NOT NULL THEN 'campaign_not_running'
        WHEN EXISTS (
            SELECT 1 FROM suppressions suppression
            WHERE suppression.organization_id = lead.organization_id
              AND suppression.address IN (lead.email_normalized, split_part(lead.email_normalized, '@', 2))
        ) THEN 'suppressed'
        ELSE '' END AS refusal
    FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[], %(values)s::jsonb[]) AS mine(id, fence, merge_values)
    JOIN campaign_messages message
        ON message.id = mine.id AND message.fence = mine.fence AND message.status = 'claimed'
    JOIN campaign_recipients recipient ON recipient.id = message.recipient_id
    JOIN campaigns campaign ON campaign.id = recipient.campaign_id
    JOIN leads lead ON lead.id = recipient.lead_id
    FOR UPDATE OF message
), passed AS (
    UPDATE campaign_messages message
    SET status = 'sending', attempted_at = clock_timestamp(), merge_values = asked.merge_values,
        lease_until = clock_timestamp() + %(lease)s * interval '1 second'
    FROM asked WHERE message.id = asked.id AND asked.refusal = ''
)
SELECT id, refusal FROM asked
"""

_UNGATE = """
UPDATE campaign_messages message
SET status = 'claimed', lease_until = clock_timestamp() + %(lease)s * interval '1 second'
FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS mine(id, fence)
WHERE message.id = mine.id AND message.fence = mine.fence AND message.status = 'sending'
"""

_RENEW = """
UPDATE campaign_messages message
SET lease_until = clock_timestamp() + %(lease)s * interval '1 second'
FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS mine(id, fence)
WHERE message.id = mine.id AND message.fence = mine.fence AND message.status = 'claimed'
"""
