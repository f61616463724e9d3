"""Recipients who wait for what will never come."""

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

from campaigns.models import RecipientStatus
from campaigns_project.verification.finding import Finding
from campaigns_project.verification.rows import Fault, scan

_IN = ", ".join(f"'{status}'" for status in sorted(RecipientStatus.IN))

_SOURCE = """
campaign_recipients recipient
JOIN campaigns campaign ON campaign.id = recipient.campaign_id AND campaign.deleting_at IS NULL
LEFT JOIN (
    SELECT recipient_id, true AS in_doubt FROM campaign_messages WHERE status = 'uncertain' GROUP BY recipient_id
) mail ON mail.recipient_id = recipient.id
"""

_FAULTS = [
    Fault(
        id="recipient_never_due",
        where="campaign_recipients.next_send_at",
        message="They wait for a mail of a running campaign, and no step or no time is set for it.",
        # Before its start a campaign sets no times, and a resume sets those of who came in during the pause. Whose mail
        # may have left waits for a decision.
        condition="campaign.status = 'running' AND recipient.status IN ('pending', 'sent')"
        " AND (recipient.next_step_id IS NULL OR recipient.next_send_at IS NULL) AND mail.in_doubt IS NOT TRUE",
        fix="Pause and resume the campaign, which sets the time of first mails; de-enroll whoever is left.",
    ),
    Fault(
        id="recipient_left_behind",
        where="campaign_recipients.status",
        message="They are still in a campaign that has completed.",
        # Only of a completed one: whoever is in a stopped one is just being taken out, or will be by the next tick.
        condition=f"campaign.status = 'completed' AND recipient.status IN ({_IN})",
        fix="De-enroll them, on the campaign's page or by the API.",
    ),
]


def check_recipients(cursor: CursorWrapper) -> Iterable[Finding]:
    """Whoever is in is waited for by something: a worker, an hour, or a person's decision."""
    return scan(cursor, source=_SOURCE, key="recipient.id", faults=_FAULTS)
