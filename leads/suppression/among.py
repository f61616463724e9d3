"""Which of the leads of a page, or of a part of a file, may not be written to: told of all of them in one query."""

from collections.abc import Collection
from datetime import datetime

from leads.models import Lead, Suppression


def suppressed_among(leads: Collection[Lead], *, now: datetime) -> set[int]:
    """The numbers of those of `leads` whose address or domain is suppressed at `now` for their whole organization.

    What holds for one campaign alone does not count, and nobody is erased: of them there is no lead.
    """
    own = Suppression.objects.for_organizations({lead.organization_id for lead in leads})
    targets = {target for lead in leads for target in (lead.email_normalized, lead.domain)}
    known = set(own.in_force(now).filter(address__in=targets).order_by().values_list("organization_id", "address"))
    return {
        lead.pk
        for lead in leads
        if {(lead.organization_id, lead.email_normalized), (lead.organization_id, lead.domain)} & known
    }
