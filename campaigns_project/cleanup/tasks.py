"""What django-q runs for cleanups."""

from django.utils import timezone

from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.cleanup.nightly import look_for
from campaigns_project.errors import Locked


def look_for_orphans(report_id: int) -> str:
    """Tonight's look; answers its sentence. One that meets a cleanup leaves it to the next try."""
    report = OrphanReport.objects.filter(pk=report_id).first()
    if report is None:
        return "The report is gone."
    try:
        return look_for(report, now=timezone.now()).sentence
    except Locked as held:
        return str(held)
