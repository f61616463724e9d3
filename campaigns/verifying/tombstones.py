"""Deleted campaigns stay deleted."""

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

from campaigns_project.verification.finding import Finding
from campaigns_project.verification.rows import Fault, scan

_SOURCE = """
campaigns campaign
LEFT JOIN campaign_tombstones by_id ON by_id.id = campaign.id
LEFT JOIN campaign_tombstones by_slug ON by_slug.campaign_slug = campaign.campaign_id
"""

_FAULTS = [
    Fault(
        id="campaign_was_deleted",
        where="campaigns.id",
        message="Their number or campaign ID belongs to a campaign that was deleted.",
        condition="by_id.id IS NOT NULL OR by_slug.id IS NOT NULL",
        fix="They came back by a restore past the triggers. Duplicate what is still wanted, and empty these by hand.",
    )
]


def check_tombstones(cursor: CursorWrapper) -> Iterable[Finding]:
    """No campaign has the number or the ID of a deleted one."""
    return scan(cursor, source=_SOURCE, key="campaign.id", faults=_FAULTS)
