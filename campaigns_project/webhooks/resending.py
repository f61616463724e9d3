"""Send again what a receiver missed: all deliveries of a time that did not come through."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.models import QuerySet

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import NotFound
from campaigns_project.webhooks.endpoints import send_again
from campaigns_project.webhooks.models import DeliveryStatus, EndpointStatus, WebhookDelivery, WebhookEndpoint


@dataclass(frozen=True)
class Resent:
    """Of one endpoint: how many deliveries go out again; `skipped` says why none do, empty where they do."""

    endpoint: int
    name: str
    deliveries: int
    skipped: str = ""

    def as_dict(self) -> dict[str, object]:
        """For programs."""
        return asdict(self)


def resend_missed(
    *,
    organization: Organization,
    since: datetime,
    actor: Actor,
    endpoint_id: int | None = None,
    dry_run: bool = False,
) -> list[Resent]:
    """Put on their way once more, with the same ids, all deliveries of events since then that failed or were abandoned.

    Each endpoint is a transaction of its own. One that is disabled is left out, and says so. NotFound for an endpoint
    that the organization has not.
    """
    endpoints = WebhookEndpoint.objects.for_organization(organization).defer(*WebhookEndpoint.SECRETS)
    if endpoint_id is not None:
        endpoints = endpoints.filter(pk=endpoint_id)
        if not endpoints.exists():
            raise NotFound("not_found", f"{organization} has no endpoint {endpoint_id}.", "See them on their page.")
    return [_resent(endpoint, since, actor, dry_run) for endpoint in endpoints.order_by("pk")]


def _resent(endpoint: WebhookEndpoint, since: datetime, actor: Actor, dry_run: bool) -> Resent:
    missed = _missed(endpoint, since)
    if endpoint.status != EndpointStatus.ACTIVE:
        return Resent(endpoint.pk, str(endpoint), 0, "endpoint_disabled")
    number = missed.count() if dry_run else send_again(deliveries=missed, endpoint=endpoint, actor=actor)
    return Resent(endpoint.pk, str(endpoint), number)


def _missed(endpoint: WebhookEndpoint, since: datetime) -> QuerySet[WebhookDelivery]:
    lost = WebhookDelivery.objects.filter(endpoint=endpoint, status__in=DeliveryStatus.unsuccessful)
    return lost.filter(occurred_at__gte=since)
