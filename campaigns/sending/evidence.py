"""What proves that an uncertain mail arrived: an open, a click, a reply, a bounce, an ESP's word."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from campaigns.models import Campaign, Message, MessageStatus
from campaigns.sending.advance import Sent, advance, lock_recipients


@transaction.atomic
def confirm(*, message_ids: Iterable[int], at: datetime) -> int:
    """Uncertain messages among these become sent, and their recipients go on. Returns how many were uncertain."""
    uncertain = Message.objects.filter(pk__in=list(message_ids), status=MessageStatus.UNCERTAIN)
    recipients = list(uncertain.values_list("recipient_id", flat=True))
    if not recipients:
        return 0
    lock_recipients(recipients)
    return count_as_sent(list(uncertain.select_for_update(no_key=True).values_list("pk", flat=True)), at=at)


def count_as_sent(message_ids: Sequence[int], *, at: datetime) -> int:
    """These were sent, whatever was thought of them; under the locks of the caller. Returns how many they were."""
    rows = Message.objects.filter(pk__in=message_ids)
    places = list(rows.values_list("recipient__campaign_id", "recipient_id", "step_id", "sender_id"))
    rows.update(status=MessageStatus.SENT, sent_at=at, reason="", lease=None)
    by_campaign: dict[int, list[Sent]] = defaultdict(list)
    for campaign, *mail in places:
        by_campaign[campaign].append(Sent(*mail))
    for campaign_id, sent in sorted(by_campaign.items()):
        advance(sent, campaign=Campaign.objects.get(pk=campaign_id), at=at)
    return len(places)
