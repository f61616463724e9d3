"""People who are out here, taken out at Instantly: at once, and again until it holds."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from campaigns.models import HandedLead, HandedStatus, Handover
from campaigns.providers.instantly.client import PAGE, InstantlyClient
from campaigns.providers.instantly.push import listed_leads
from leads.models import Lead
from leads.suppression import suppressed_among


def still_there(handover: Handover) -> QuerySet[HandedLead]:
    """Those whom Instantly has and who are to get nothing more; whoever is erased here is one of them."""
    held = HandedLead.objects.filter(handover=handover, status=HandedStatus.HELD)
    return held.filter(Q(wanted_out_at__isnull=False) | Q(recipient=None))


def remove_some(handover: Handover, client: InstantlyClient, *, after: int, now: datetime) -> int | None:
    """Take out the next behind the row `after`; the last of them, None where there is nobody behind it.

    Whose address is suppressed for the whole organization goes on Instantly's blocklist as well, so that no other
    campaign of the workspace writes to it; where that is refused they are out of this one all the same. Who was removed
    is looked for: nobody counts as removed on a word.
    """
    rows = list(still_there(handover).filter(pk__gt=after).select_related("recipient__lead").order_by("pk")[:PAGE])
    if not rows:
        return None
    HandedLead.objects.filter(pk__in=[row.pk for row in rows], wanted_out_at=None).update(wanted_out_at=now)
    numbers = [row.external_id for row in rows]
    campaign = handover.campaign.instantly_campaign_id
    client.delete("leads", {"campaign_id": campaign, "ids": numbers, "limit": PAGE})
    _block(rows, client, now)
    still = {str(each.get("id")) for each in listed_leads(client, campaign, ids=numbers)}
    gone = [row.pk for row in rows if row.external_id not in still]
    HandedLead.objects.filter(pk__in=gone, status=HandedStatus.HELD).update(status=HandedStatus.REMOVED, removed_at=now)
    return rows[-1].pk


def all_are_gone(handover: Handover, *, now: datetime) -> None:
    """The campaign is not there any more, and nobody is in it."""
    still_there(handover).update(status=HandedStatus.REMOVED, removed_at=now)


def _block(rows: Sequence[HandedLead], client: InstantlyClient, now: datetime) -> None:
    leads: list[Lead] = [row.recipient.lead for row in rows if row.recipient]
    suppressed = suppressed_among(leads, now=now) if leads else set()
    addresses = sorted({lead.email_normalized for lead in leads if lead.pk in suppressed})
    if addresses:
        client.ask("block-lists-entries/bulk-create", {"bl_values": addresses})
