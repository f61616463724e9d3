"""Write down how a try ended: taken, to be tried again, or given up; and what that says of its endpoint."""

import random
from datetime import datetime, timedelta

from django.db.models.functions import Now

from campaigns_project.webhooks.claim import Claim
from campaigns_project.webhooks.endpoints import disable_by_system
from campaigns_project.webhooks.models import DeliveryStatus, EndpointStatus, WebhookDelivery, WebhookEndpoint
from campaigns_project.webhooks.post import Outcome

# After the first try, the second, and so on; one more try after the last of them. Together almost two days.
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=24),
)
JITTER = 0.2  # of a wait, at most: what failed together need not come back together
DISABLE_AFTER = timedelta(days=3)  # without a single event that came through


def settle(claim: Claim, outcome: Outcome, *, now: datetime) -> bool:
    """Record the outcome; False where the claim was not ours any more, and then nothing is changed.

    In two steps: whoever disables an endpoint holds its row before those of its deliveries.
    """
    ours = WebhookDelivery.objects.filter(pk=claim.delivery_id, status=DeliveryStatus.WAITING, attempts=claim.attempt)
    said = {"response_status": outcome.status, "response_body": outcome.body, "error": outcome.error}
    if outcome.is_taken or outcome.is_gone or claim.attempt > len(WAITS):
        ended = DeliveryStatus.SUCCEEDED if outcome.is_taken else DeliveryStatus.FAILED
        settled = ours.update(status=ended, next_try_at=None, finished_at=now, **said)
    else:
        settled = ours.update(next_try_at=Now() + next_wait(claim.attempt, outcome.wait), **said)
    if settled:
        _judge(claim.endpoint_id, outcome, now)
    return bool(settled)


def next_wait(attempt: int, asked: timedelta | None = None) -> timedelta:
    """How long to wait after the try of this number, which is not the last; never less than the receiver asked for."""
    wait = WAITS[attempt - 1] * (1 + random.uniform(0, JITTER))  # noqa: S311 - nothing depends on its being secret
    return max(wait, asked or timedelta())


def _judge(endpoint_id: int, outcome: Outcome, now: datetime) -> None:
    endpoint = WebhookEndpoint.objects.filter(pk=endpoint_id, status=EndpointStatus.ACTIVE)
    if outcome.is_taken:
        endpoint.filter(failing_since__isnull=False).update(failing_since=None)
        return
    endpoint.filter(failing_since=None).update(failing_since=now)
    if outcome.is_gone:
        disable_by_system(endpoint_id=endpoint_id, why=outcome.error, now=now)
    elif endpoint.filter(failing_since__lte=now - DISABLE_AFTER).exists():
        why = f"No event came through for {DISABLE_AFTER.days} days. The last try: {outcome.error}"
        disable_by_system(endpoint_id=endpoint_id, why=why, now=now)
