"""What django-q runs for campaigns. A task takes ids, may run twice, and must not mind."""

from django.utils import timezone

from campaigns.sending.dispatch import enqueue
from campaigns.sending.work import due_campaigns, work


def send_due(lane: int) -> int:
    """One turn of a sending lane; queues the next while there is more. Answers how many messages were settled."""
    settled = work(lane=lane)
    if settled and due_campaigns(now=timezone.now()):
        enqueue(lane)
    return settled
