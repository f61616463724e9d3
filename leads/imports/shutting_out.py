"""Out means out: whom a file marks as not to be written to is suppressed, whether a lead of theirs is there or not."""

from collections.abc import Sequence
from datetime import datetime

from campaigns_project.audit.actors import SYSTEM
from leads.models import LeadImport, SuppressionReason
from leads.suppression import suppress_addresses


def shut_out(lead_import: LeadImport, addresses: Sequence[str], *, at: datetime) -> None:
    """Suppress these normalized addresses for the whole organization; whoever is in a campaign leaves it at once.

    As imported, and not as unsubscribed: nobody has unsubscribed from a mail of ours, and the numbers of the campaigns
    they leave must not say so. Undoing the import takes none of it back. Doing it again changes nothing.
    """
    suppress_addresses(
        organization=lead_import.organization,
        addresses=addresses,
        reason=SuppressionReason.IMPORT,
        source=f"import {lead_import.pk}",
        actor=SYSTEM,
        at=at,
        created_by=lead_import.created_by,
    )
