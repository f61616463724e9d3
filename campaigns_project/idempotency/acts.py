"""What a request did, as the audit log knows: an act and its entry are written in one transaction."""

from typing import Any

from django.db.models import QuerySet

from campaigns_project.audit.models import AuditLog
from campaigns_project.idempotency.models import IdempotentRequest

MOST_TOLD = 20


def has_done_something(row: IdempotentRequest) -> bool:
    """Whether anything of it was committed."""
    return _entries(row).exists()


def acts_of(row: IdempotentRequest) -> list[dict[str, Any]]:
    """Its first acts, in their order."""
    first = _entries(row).order_by("pk").values("action", "entity_type", "entity_id")[:MOST_TOLD]
    return [dict(each) for each in first]


def _entries(row: IdempotentRequest) -> QuerySet[AuditLog]:
    # A caller may give many requests the same id: the others of before are told apart by their number.
    return AuditLog.objects.filter(request_id=row.request_id, actor_id=row.user_id, pk__gt=row.acts_after)
