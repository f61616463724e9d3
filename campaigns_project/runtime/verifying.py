"""Verification of the database without anybody asking: once a day, and when a page asks for it."""

from datetime import datetime, timedelta

from django.utils import timezone
from django_q.tasks import async_task

from campaigns_project.verification.kept import take_back_begun, verify_and_keep
from campaigns_project.verification.models import VerificationReport
from campaigns_project.workers.stopping import is_stopping

EVERY = timedelta(days=1)
NOW, IF_DUE = f"{__name__}.verify_now", f"{__name__}.verify_if_due"


def ask_for_verification() -> None:
    """Queue a verification; its report is kept when it is done."""
    async_task(NOW, q_options={"task_name": "verify the database"})


def ask_if_due(*, now: datetime) -> bool:
    """Queue the daily verification where the last one is a day old; True when it was queued. May be called often."""
    if not _is_due(now):
        return False
    async_task(IF_DUE, q_options={"task_name": "verify the database"})
    return True


def verify_now() -> None:
    """A task: verify and keep the report; left to another worker when this one is asked to stop."""
    if not _verified():
        ask_for_verification()


def verify_if_due() -> None:
    """A task: the same, unless another worker has just done it. While no worker runs, several may come to wait."""
    if _is_due(timezone.now()):
        _verified()  # where it was broken off it is due as before


class _Stopping(Exception):
    """This worker was asked to stop. The whole takes longer than its supervisor waits, a single check does not."""


def _verified() -> bool:
    """False where it was broken off."""
    try:
        verify_and_keep(told=_break_off_when_stopping)
    except _Stopping:
        take_back_begun()
        return False
    return True


def _break_off_when_stopping(_check: str) -> None:
    if is_stopping():
        raise _Stopping


def _is_due(now: datetime) -> bool:
    """One that was begun and never ended counts: it is tried again tomorrow; System health tells of it."""
    return not VerificationReport.objects.filter(begun_at__gt=now - EVERY).exists()
