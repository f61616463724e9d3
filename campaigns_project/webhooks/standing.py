"""How an endpoint stands, in words: the share of the last day that came through, and what went wrong last."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from campaigns_project.webhooks.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint

LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """Of the deliveries of the last day: how many were taken, how many wait, how many did not come through."""

    taken: int
    waiting: int
    lost: int

    @property
    def sentence(self) -> str:
        """The share in words."""
        ended = self.taken + self.lost
        waits = f"{self.waiting:,} {'waits' if self.waiting == 1 else 'wait'}" if self.waiting else ""
        if not ended:
            return f"{waits} to be taken." if waits else "No event in the last 24 hours."
        share = f"{100 * self.taken / ended:.1f} % came through in the last 24 hours ({self.taken:,} of {ended:,})"
        return f"{share}; {waits}." if waits else f"{share}."


def with_standing(endpoints: QuerySet[WebhookEndpoint], *, now: datetime) -> QuerySet[WebhookEndpoint]:
    """With what `standing_of` and `last_error_of` tell, in the same query."""
    own = WebhookDelivery.objects.filter(endpoint=OuterRef("pk")).order_by()
    lately = own.filter(created_at__gte=now - LATELY).values("endpoint")

    def counted(which: Q) -> Subquery:
        return Subquery(lately.annotate(number=Count("pk", filter=which)).values("number"))

    return endpoints.annotate(
        taken=counted(Q(status=DeliveryStatus.SUCCEEDED)),
        waiting=counted(Q(status=DeliveryStatus.WAITING)),
        lost=counted(Q(status__in=DeliveryStatus.unsuccessful)),
        last_error=Subquery(own.filter(tried_at__isnull=False).order_by("-tried_at").values("error")[:1]),
    )


def standing_of(endpoint: Any) -> Standing:
    """Of an endpoint that was read `with_standing`."""
    return Standing(endpoint.taken or 0, endpoint.waiting or 0, endpoint.lost or 0)


def last_error_of(endpoint: Any) -> str:
    """What went wrong in the last try, of one that was read `with_standing`; empty where nothing did."""
    return endpoint.last_error or ""
