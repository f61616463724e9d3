"""Reports that came long ago: what was put aside holds addresses, and nobody looks at it any more."""

from datetime import datetime, timedelta

from tracking.models import InboundWebhook

KEPT = timedelta(days=30)  # longer than `receive.OLDEST`: until then the same is known again
BATCH = 5_000


def remove_old_webhooks(*, now: datetime) -> int:
    """Delete what came before KEPT, put aside or settled; how many rows."""
    old = InboundWebhook.objects.filter(received_at__lt=now - KEPT).order_by("pk")
    removed = 0
    while some := list(old.values_list("pk", flat=True)[:BATCH]):
        InboundWebhook.objects.filter(pk__in=some).delete()
        removed += len(some)
    return removed
