"""The counters of campaigns against a recount."""

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

from campaigns.models import RecipientStatus
from campaigns_project.verification.finding import Finding
from campaigns_project.verification.rows import FIX_SQL, Fault, scan

_IN = ", ".join(f"'{status}'" for status in sorted(RecipientStatus.IN))

# What each counter is by a recount, and over which rows. Each is moved in the transaction that moves what it counts,
# opens and clicks in the one that takes the raw events in: raw ones that are still waiting are in neither.
OF_PEOPLE = {
    "total_recipients": "count(*)",
    "recipients_reached": "count(recipient.sent_at)",
    "emails_opened": "count(recipient.opened_at)",
    "emails_clicked": "count(recipient.clicked_at)",
    "emails_replied": "count(recipient.replied_at)",
    "emails_bounced": "count(recipient.bounced_at)",
    "booked_count": "count(recipient.booked_at)",
    "active_leads_count": f"count(*) FILTER (WHERE recipient.status IN ({_IN}))",
    "completed_leads_count": "count(*) FILTER (WHERE recipient.status = 'completed')",
    "opted_out_count": "count(*) FILTER (WHERE recipient.exit_reason IN ('unsubscribed', 'complained'))",
}
PEOPLE = "campaign_recipients recipient WHERE true"
OF_MAILS = {"emails_sent": "count(*)"}
MAILS = (
    "campaign_messages message JOIN campaign_recipients recipient ON recipient.id = message.recipient_id"
    " WHERE message.status = 'sent'"
)


def _by_campaign(recounts: dict[str, str], rows: str) -> str:
    counters = ", ".join(f"{recount} AS {counter}" for counter, recount in recounts.items())
    return f"SELECT recipient.campaign_id, {counters} FROM {rows} GROUP BY recipient.campaign_id"  # noqa: S608


_SOURCE = f"""
campaigns campaign
LEFT JOIN ({_by_campaign(OF_PEOPLE, PEOPLE)}) people ON people.campaign_id = campaign.id
LEFT JOIN ({_by_campaign(OF_MAILS, MAILS)}) mails ON mails.campaign_id = campaign.id
"""


def check_counters(cursor: CursorWrapper) -> Iterable[Finding]:
    """Every counter of every campaign is what a recount gives."""
    return scan(cursor, source=_SOURCE, key="campaign.id", faults=_FAULTS)


def _wrong(counter: str, counted: str, recount: str, rows: str) -> Fault:
    truth = f"(SELECT {recount} FROM {rows} AND recipient.campaign_id = campaigns.id)"  # noqa: S608 - our own text
    return Fault(
        id="counter_wrong",
        where=f"campaigns.{counter}",
        message="The campaigns' counter is not what a recount gives.",
        condition=f"campaign.deleting_at IS NULL AND campaign.{counter} <> coalesce({counted}.{counter}, 0)",
        fix=FIX_SQL,
        # While mails are being sent a counter may move between the recount and the writing.
        fix_sql="-- With the workers stopped.\n"
        f"UPDATE campaigns SET {counter} = {truth} WHERE deleting_at IS NULL AND {counter} <> {truth};",
    )


_FAULTS = [
    *(_wrong(counter, "people", recount, PEOPLE) for counter, recount in OF_PEOPLE.items()),
    *(_wrong(counter, "mails", recount, MAILS) for counter, recount in OF_MAILS.items()),
]
