"""Webhooks: endpoints that disabled themselves or take nothing, and events that wait longer than they should."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Min
from django.db.models.functions import Now
from django.utils import timezone

from campaigns_project.runtime.health.check import Check, Level, counted, in_words
from campaigns_project.webhooks.models import DeliveryStatus, EndpointStatus, WebhookDelivery, WebhookEndpoint

LATE = timedelta(minutes=5)  # after its hour; a turn begins every second


def examine_webhooks() -> Iterator[Check]:
    """One line for each endpoint that a person has to see to, else one for all; and one where events are held up."""
    endpoints = list(WebhookEndpoint.objects.select_related("organization").defer(*WebhookEndpoint.SECRETS))
    if not endpoints:
        yield Check("webhooks", Level.NOTE, "There is no webhook endpoint.")
        return
    unwell = [each for each in endpoints if each.is_disabled_by_system or each.is_failing]
    for endpoint in unwell:
        yield _told(endpoint)
    if not unwell:
        active = sum(endpoint.status == EndpointStatus.ACTIVE for endpoint in endpoints)
        message = f"{active:,} of {counted(len(endpoints), 'webhook endpoint')} active"
        if active:
            yield Check("webhooks", Level.OK, f"{message}; none of them fails.")
        else:
            yield Check("webhooks", Level.NOTE, f"{message}: nothing is reported to anybody.")
    yield from _late()


def _told(endpoint: WebhookEndpoint) -> Check:
    whose = f"{endpoint} of {endpoint.organization}"
    if endpoint.is_disabled_by_system:
        return Check(
            "webhooks",
            Level.WARN,
            f"The webhook endpoint {whose} was disabled. {endpoint.status_reason}",
            "Mend the receiver, then enable the endpoint in the admin under Webhooks.",
            shareable="A webhook endpoint was disabled, since nothing came through.",
        )
    since = in_words(timezone.now() - endpoint.failing_since) if endpoint.failing_since else ""
    return Check(
        "webhooks",
        Level.WARN,
        f"The webhook endpoint {whose} has taken no event for {since}.",
        "Its page in the admin under Webhooks tells the last error.",
        shareable=f"A webhook endpoint has taken no event for {since}.",
    )


def _late() -> Iterator[Check]:
    late = WebhookDelivery.objects.filter(status=DeliveryStatus.WAITING, next_try_at__lt=Now() - LATE)
    oldest = late.aggregate(oldest=Min("next_try_at"))["oldest"]
    if oldest is not None:
        waited = in_words(timezone.now() - oldest)
        yield Check("webhooks", Level.WARN, f"Webhooks wait {waited} longer than they should.", "Are workers running?")
