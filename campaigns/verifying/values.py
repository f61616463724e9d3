"""Values of mails that an organization does not want to keep any longer, and that are there all the same."""

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

from campaigns.forgetting import COUNTS_FROM, IS_SETTLED
from campaigns_project.verification.finding import Finding
from campaigns_project.verification.rows import Fault, scan

# Those of one organization are cleared within the hour, a first time with millions of mails within a night or so.
GRACE = "interval '2 days'"
_ASKED = "SELECT EXISTS (SELECT FROM organizations WHERE values_kept_days IS NOT NULL)"
_SOURCE = """
campaign_messages message
JOIN campaign_recipients recipient ON recipient.id = message.recipient_id
JOIN campaigns campaign ON campaign.id = recipient.campaign_id AND campaign.deleting_at IS NULL
JOIN organizations organization ON organization.id = campaign.organization_id
"""
_FAULTS = [
    Fault(
        id="values_kept_too_long",
        where="campaign_messages.merge_values",
        message="They are kept for longer than their organization keeps the values of mails.",
        condition=f"message.merge_values IS NOT NULL AND {IS_SETTLED}"
        f" AND {COUNTS_FROM} < now() - {GRACE} - organization.values_kept_days * interval '1 day'",
        fix="manage.py forget_old. Workers do so every hour: see whether they run.",
    )
]


def check_values(cursor: CursorWrapper) -> Iterable[Finding]:
    """No values are kept past their time; nothing is read where nobody set one."""
    cursor.execute(_ASKED)
    return scan(cursor, source=_SOURCE, key="message.id", faults=_FAULTS) if cursor.fetchone()[0] else []
