"""Taking a key for the work that is about to begin."""

from datetime import timedelta

from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from campaigns_project.encryption import Unreadable
from campaigns_project.idempotency.acts import acts_of
from campaigns_project.idempotency.answer import Answer
from campaigns_project.idempotency.asked import Asked
from campaigns_project.idempotency.errors import AnswerNotKept, KeyReused, OutcomeUnknown, StillRunning
from campaigns_project.idempotency.models import IdempotentRequest, RequestStatus

KEPT_FOR = timedelta(hours=24)
LEASE = timedelta(minutes=5)  # longer than requests take: what they bring was read before, and long work is a job's
SOON = 1  # second: most requests take less
_TRIES = 3  # rounds in which somebody else's row came or went between our two statements


def begin(asked: Asked) -> int | Answer:
    """Take the key: the number of its row, to be settled when the work has ended; or what was answered before.

    Committed when this returns (it must not be called in a transaction), so that of two at once one works. Refused:
    KeyReused for another request, StillRunning for LEASE, then OutcomeUnknown, and AnswerNotKept. A key whose request
    broke off is not given out again before KEPT_FOR is over: nobody knows whether it did something, or still will.
    """
    for _ in range(_TRIES):
        number = _insert(asked)
        if number is not None:
            return number
        row = _find(asked)
        if row is None:
            continue  # it did nothing, and has just let the key go
        if row.age < KEPT_FOR:  # type: ignore[attr-defined]
            return _answer_again(row, asked)
        IdempotentRequest.objects.filter(pk=row.pk).delete()
    raise StillRunning(retry_after=SOON)


def _insert(asked: Asked) -> int | None:
    given: list[int | str] = [
        asked.organization_id, asked.user_id, asked.digest, asked.method, asked.path, asked.fingerprints[0],
        asked.request_id,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, given)
        made = cursor.fetchone()
    return made[0] if made else None


def _find(asked: Asked) -> IdempotentRequest | None:
    age = ExpressionWrapper(Now() - F("started_at"), output_field=DurationField())
    mine = IdempotentRequest.objects.filter(
        organization=asked.organization_id, user=asked.user_id, key_digest=asked.digest
    )
    return mine.annotate(age=age).first()


def _answer_again(row: IdempotentRequest, asked: Asked) -> Answer:
    if row.fingerprint not in asked.fingerprints:
        raise KeyReused(row.method, row.path)
    if row.status == RequestStatus.ANSWERED:
        return _kept(row)
    if row.status == RequestStatus.RUNNING and row.age < LEASE:  # type: ignore[attr-defined]
        raise StillRunning(retry_after=SOON)
    raise OutcomeUnknown(started_at=row.started_at, request_id=row.request_id, acts=acts_of(row))


def _kept(row: IdempotentRequest) -> Answer:
    status = row.response_status or 0
    if not row.keeps_body or isinstance(row.body, Unreadable):
        raise AnswerNotKept(first_status=status, location=row.headers.get("Location", ""))
    return Answer(status, row.headers, row.body)


_INSERT = """
INSERT INTO idempotent_requests
    (organization_id, user_id, key_digest, method, path, fingerprint, request_id, acts_after, headers, body)
VALUES (%s, %s, %s, %s, %s, %s, %s, (SELECT coalesce(max(id), 0) FROM audit_log), '{}', '')
ON CONFLICT (organization_id, user_id, key_digest) DO NOTHING
RETURNING id
"""
