"""How a request ended that has a key."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from campaigns_project.idempotency.acts import has_done_something
from campaigns_project.idempotency.answer import Answer
from campaigns_project.idempotency.models import IdempotentRequest, RequestStatus

MOST_KEPT = 256 * 1024  # characters of a body; only answers about very many rows are longer


def settle(number: int, answer: Answer) -> None:
    """Keep `answer`, or let the key go where it was a refusal or a fault and nothing had been done.

    A fault (5xx) is never kept: where something had been done before it, the key stays taken, and says what.
    """
    row = IdempotentRequest.objects.filter(pk=number, status=RequestStatus.RUNNING).first()
    if row is None:  # its time was over, or the account is gone
        return
    if answer.status < 400:
        _keep(row, answer)
    elif not has_done_something(row):
        row.delete()
    elif answer.status < 500:
        _keep(row, answer)
    else:
        _running(row).update(status=RequestStatus.BROKEN)


def _keep(row: IdempotentRequest, answer: Answer) -> None:
    known = {
        "status": RequestStatus.ANSWERED,
        "response_status": answer.status,
        "headers": dict(answer.headers),
        "answered_at": Now(),
    }
    is_short = answer.body is not None and len(answer.body) <= MOST_KEPT
    # Whoever forgets answers meanwhile (`forget_answers`) means this one too.
    if not (is_short and _running(row).filter(keeps_body=True).update(**known, body=answer.body)):
        _running(row).update(**known, keeps_body=False)


def _running(row: IdempotentRequest) -> QuerySet[IdempotentRequest]:
    return IdempotentRequest.objects.filter(pk=row.pk, status=RequestStatus.RUNNING)
