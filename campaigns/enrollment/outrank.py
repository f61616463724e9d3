"""Of several reasons to be out, the weightiest stands, whatever the order in which the news came."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from campaigns.enrollment.stop import stop_recipient
from campaigns.models import Campaign, ExitReason, Recipient

# docs/faults.md, row 18. Every other reason weighs nothing.
_WEIGHT = {
    ExitReason.COMPLAINED: 4,
    ExitReason.UNSUBSCRIBED: 3,
    ExitReason.HARD_BOUNCE: 2,
    ExitReason.REPLIED: 1,
    ExitReason.BOOKED: 1,
}
_OPTED_OUT = {ExitReason.UNSUBSCRIBED, ExitReason.COMPLAINED}


def leave(recipient_id: int, *, reason: ExitReason, at: datetime) -> bool:
    """Take a recipient out for `reason`, or give one who is out the weightier reason; False when neither was due."""
    return stop_recipient(recipient_id, reason=reason, at=at) or outrank(recipient_id, reason=reason, at=at)


@transaction.atomic
def outrank(recipient_id: int, *, reason: ExitReason, at: datetime) -> bool:
    """Put `reason` in the place of a lighter one; False when the recipient is in, or out for one as weighty or more.

    Out stays out: only the reason, its state and its time change, and the campaign's counters with them.
    """
    lighter = [other for other in ExitReason if _WEIGHT.get(other, 0) < _WEIGHT.get(reason, 0)]
    out = Recipient.objects.filter(pk=recipient_id, exit_reason__in=lighter).select_for_update(no_key=True)
    found = out.values_list("campaign_id", "exit_reason").first()
    if found is None:
        return False
    campaign_id, before = found
    Recipient.objects.filter(pk=recipient_id).update(
        status=reason.status(), exit_reason=reason, exited_at=at, updated_at=at
    )
    Campaign.objects.filter(pk=campaign_id).update(
        completed_leads_count=F("completed_leads_count") - int(before == ExitReason.COMPLETED),
        opted_out_count=F("opted_out_count") + int(reason in _OPTED_OUT) - int(before in _OPTED_OUT),
    )
    return True
