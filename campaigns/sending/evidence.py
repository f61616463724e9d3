"""What proves that an uncertain mail arrived: an open, a click, a reply, a bounce, an ESP's word."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from campaigns.models import Campaign, Message, MessageStatus
from campaigns.sending.advance import advance, lock_recipients


@transaction.atomic
def confirm(*, message_ids: Iterable[int], at: datetime) -> int:
    """Uncertain messages among these become sent, and their recipients go on. Returns how many were uncertain."""
    uncertain = Message.objects.filter(pk__in=list(message_ids), status=MessageStatus.UNCERTAIN)
    recipients = list(uncertain.values_list("recipient_id", flat=True))
    if not recipients:
        return 0
    lock_recipients(recipients)
    rows = list(
        uncertain.select_for_update(no_key=True, of=("self",)).values_list(
            "pk", "recipient_id", "step_id", "recipient__campaign_id"
        )
    )
    Message.objects.filter(pk__in=[row[0] for row in rows]).update(status=MessageStatus.SENT, sent_at=at, reason="")
    by_campaign: dict[int, dict[int, int]] = defaultdict(dict)
    for _, recipient, step, campaign in rows:
        by_campaign[campaign][recipient] = step
    for campaign_id, sent in sorted(by_campaign.items()):
        advance(sent, campaign=Campaign.objects.get(pk=campaign_id), at=at)
    return len(rows)
