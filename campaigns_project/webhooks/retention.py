"""Deliveries are kept for a month: long enough to find out what a receiver missed. They name people, so no longer."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from campaigns_project.webhooks.models import WebhookDelivery

KEPT_FOR = timedelta(days=30)
_BATCH = 5_000  # rows of one transaction


def is_any_old(*, now: datetime) -> bool:
    """Whether there is something to remove."""
    return _old(now).exists()


def remove_old(*, now: datetime, most: int = 50) -> int:
    """Remove those whose time is over, whatever became of them, at most that many batches; how many rows."""
    removed = 0
    for _ in range(most):
        some = list(_old(now).order_by("created_at").values_list("pk", flat=True)[:_BATCH])
        if not some:
            break
        removed += WebhookDelivery.objects.filter(pk__in=some).delete()[0]
    return removed


def _old(now: datetime) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(created_at__lt=now - KEPT_FOR)
