"""Take deliveries that are due: whoever claims one has it to themselves until the lease ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from campaigns_project.webhooks.models import DeliveryStatus, EndpointStatus, WebhookDelivery, WebhookEndpoint

# No task lives longer, so nobody can still be at it when another takes over.
LEASE = timedelta(seconds=settings.Q_CLUSTER["timeout"] + 10)


@dataclass(frozen=True)
class Claim:
    """One try of one delivery, with all that it takes to make it without the database.

    `attempt` counts from 1, and is what tells this try from a later one of somebody else.
    """

    delivery_id: int
    endpoint_id: int
    attempt: int
    event_id: str
    event_type: str
    occurred_at: datetime
    data: Mapping[str, Any]
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


@transaction.atomic
def claim(*, endpoint_id: int, most: int) -> list[Claim]:
    """Up to `most` deliveries to this endpoint that are due and that nobody else has; none where it is disabled.

    A claim that never tells how it ended (a killed worker) is due again when its lease is over, with the try counted:
    it may have arrived.
    """
    endpoint = WebhookEndpoint.objects.filter(pk=endpoint_id, status=EndpointStatus.ACTIVE).first()
    if endpoint is None or most < 1:
        return []
    due = WebhookDelivery.objects.due().filter(endpoint=endpoint_id).order_by("next_try_at", "pk")
    mine = list(due.select_for_update(skip_locked=True, no_key=True)[:most])
    WebhookDelivery.objects.filter(pk__in=[each.pk for each in mine], status=DeliveryStatus.WAITING).update(
        attempts=F("attempts") + 1, next_try_at=Now() + LEASE, tried_at=Now()
    )
    return [
        Claim(
            delivery_id=each.pk,
            endpoint_id=endpoint_id,
            attempt=each.attempts + 1,
            event_id=each.event_id,
            event_type=each.event_type,
            occurred_at=each.occurred_at,
            data=each.payload,
            url=endpoint.url,
            secrets=valid_secrets(endpoint, now=timezone.now()),
        )
        for each in mine
    ]


def valid_secrets(endpoint: WebhookEndpoint, *, now: datetime) -> tuple[str, ...]:
    """Those that sign: its secret, and for a day after a rotation the one before."""
    is_both = endpoint.previous_secret_until is not None and now < endpoint.previous_secret_until
    before = endpoint.previous_secret if is_both else ""
    return tuple(filter(None, (endpoint.secret, before)))
