"""What django-q runs for cleanups."""

from collections.abc import Callable

from django.utils import timezone

from campaigns_project.cleanup.asked import clean_for, leave
from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.cleanup.nightly import look_for
from campaigns_project.errors import Refused


def look_for_orphans(report_id: int) -> str:
    """Tonight's look, or one that was asked for; answers its sentence."""
    return _done(report_id, look_for)


def remove_orphans(report_id: int) -> str:
    """A cleanup that was asked for; answers its sentence. What a killed worker has removed stays removed."""
    return _done(report_id, clean_for)


def _done(report_id: int, act: Callable[..., OrphanReport]) -> str:
    report = OrphanReport.objects.filter(pk=report_id).first()
    if report is None:
        return "The report is gone."
    try:
        return act(report, now=timezone.now()).sentence
    except Refused as refused:
        if report.night is None:  # tonight's is tried again
            leave(report, refused, now=timezone.now())
        return str(refused)
