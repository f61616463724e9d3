"""People who are out here, taken out at Instantly: at once, and again until it holds."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from campaigns.models import HandedLead, HandedStatus, Handover
from campaigns.providers.instantly.client import PAGE, InstantlyClient
from campaigns.providers.instantly.push import listed_leads
from leads.models import Lead
from leads.suppression import suppressed_among


def remove_some(handover: Handover, client: InstantlyClient, *, now: datetime) -> bool:
    """Take out the next who are to get nothing more; True when nobody is left, False when some are still there.

    Whose address is suppressed for the whole organization goes on Instantly's blocklist first, so that no other
    campaign of the workspace writes to it. Who was removed is looked for: nobody counts as removed on a word.
    """
    of_nobody = Q(recipient=None)
    held = HandedLead.objects.filter(handover=handover, status=HandedStatus.HELD)
    going = held.filter(Q(wanted_out_at__isnull=False) | of_nobody).order_by("pk")
    rows = list(going.select_related("recipient__lead")[:PAGE])
    if not rows:
        return True
    HandedLead.objects.filter(pk__in=[row.pk for row in rows], wanted_out_at=None).update(wanted_out_at=now)
    _block(rows, client, now)
    numbers = [row.external_id for row in rows]
    campaign = handover.campaign.instantly_campaign_id
    client.delete("leads", {"campaign_id": campaign, "ids": numbers, "limit": PAGE})
    still = {str(each.get("id")) for each in listed_leads(client, campaign, ids=numbers)}
    gone = HandedLead.objects.filter(pk__in=[row.pk for row in rows if row.external_id not in still])
    gone.filter(status=HandedStatus.HELD).update(status=HandedStatus.REMOVED, removed_at=now)
    return not still and not going.exists()


def _block(rows: Sequence[HandedLead], client: InstantlyClient, now: datetime) -> None:
    leads: list[Lead] = [row.recipient.lead for row in rows if row.recipient]
    suppressed = suppressed_among(leads, now=now) if leads else set()
    addresses = sorted({lead.email_normalized for lead in leads if lead.pk in suppressed})
    if addresses:
        client.ask("block-lists-entries/bulk-create", {"bl_values": addresses})
