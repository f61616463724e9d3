"""Removing what was answered: all of it after its time, and bodies when somebody must not be named any more."""

from django.db.models import Q
from django.db.models.functions import Now

from campaigns_project.idempotency.begin import KEPT_FOR
from campaigns_project.idempotency.models import IdempotentRequest, RequestStatus

BATCH = 5_000  # rows of one transaction
MOST = 20  # batches of one call: the rest the next time


def forget_answers(*, organization_id: int, but_of: str = "") -> int:
    """Empty all bodies that are kept for the organization, and keep none of what is being answered; how many rows.

    They are encrypted, so that nobody can look for one person in them. The keys stay taken. `but_of` is the id of the
    request that asks for it, whose own answer is yet to come.
    """
    has_body = Q(status=RequestStatus.RUNNING) | ~Q(body="")
    rows = IdempotentRequest.objects.filter(has_body, organization=organization_id, keeps_body=True)
    others = rows.exclude(status=RequestStatus.RUNNING, request_id=but_of).order_by("pk")
    forgotten = last = 0
    while some := list(others.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        # By number: one that was answered in between is emptied as well.
        forgotten += IdempotentRequest.objects.filter(pk__in=some).update(keeps_body=False, body="")
        last = some[-1]
    return forgotten


def remove_old() -> int:
    """Remove what began KEPT_FOR ago, by the database's clock, at most MOST batches; how many rows."""
    removed = 0
    for _ in range(MOST):
        old = IdempotentRequest.objects.filter(started_at__lt=Now() - KEPT_FOR).order_by("started_at")
        some = list(old.values_list("pk", flat=True)[:BATCH])
        if not some:
            break
        removed += IdempotentRequest.objects.filter(pk__in=some).delete()[0]
    return removed
