"""Out means out: whom a file marks as not to be written to is suppressed, whether a lead of theirs is there or not."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from campaigns_project.audit.actors import SYSTEM
from leads.imports.opt_out_reasons import OptedOut
from leads.models import LeadImport, SuppressionReason
from leads.suppression import suppress_addresses


def shut_out(lead_import: LeadImport, people: Sequence[OptedOut], *, at: datetime) -> None:
    """Suppress their addresses for the whole organization; whoever is in a campaign leaves it at once.

    The list of suppressions keeps the reason that the file gives. They leave as imported all the same, and not as
    unsubscribed: nobody has unsubscribed from a mail of ours, and the numbers of the campaigns they leave must not say
    so. Undoing the import takes none of it back. Doing it again changes nothing.
    """
    by_reason: dict[SuppressionReason, list[str]] = defaultdict(list)
    for address, reason in people:
        by_reason[reason].append(address)
    for reason, addresses in by_reason.items():
        suppress_addresses(
            organization=lead_import.organization,
            addresses=addresses,
            reason=reason,
            told_as=SuppressionReason.IMPORT,
            source=f"import {lead_import.pk}",
            actor=SYSTEM,
            at=at,
            created_by=lead_import.created_by,
        )
