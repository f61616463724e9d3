"""Keep reports in the database, for the pages of every machine."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from campaigns_project.verification.models import VerificationReport
from campaigns_project.verification.report import Report
from campaigns_project.verification.verify import verify

KEPT = 20  # reports; enough to see since when something is wrong
UNFINISHED: dict[str, object] = {}  # the content of one that was begun; a report is never empty


def begin() -> VerificationReport:
    """Note that a verification begins. One that is killed leaves this note behind, until the next that ends."""
    take_back_begun()
    return VerificationReport.objects.create(
        begun_at=timezone.now(), seconds=0, error_count=0, warning_count=0, content=UNFINISHED
    )


def unfinished_since() -> datetime | None:
    """When a verification was begun that has not ended (yet); None where the last one did."""
    begun = VerificationReport.objects.filter(content=UNFINISHED).order_by("begun_at").last()
    return begun.begun_at if begun else None


@transaction.atomic
def keep(report: Report) -> VerificationReport:
    """Store the report as the newest one, and forget all but the newest few, and that it was begun."""
    VerificationReport.objects.filter(content=UNFINISHED, begun_at__lte=report.begun_at).delete()
    kept = VerificationReport.objects.create(
        begun_at=report.begun_at,
        seconds=report.seconds,
        error_count=len(report.errors),
        warning_count=len(report.warnings),
        content=report.as_json(),
    )
    newest = VerificationReport.objects.order_by("-begun_at", "-pk").values("pk")[:KEPT]
    VerificationReport.objects.exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()
    return kept


def last_report() -> Report | None:
    """The newest kept report, or None where none was ever kept."""
    newest = VerificationReport.objects.exclude(content=UNFINISHED).order_by("-begun_at", "-pk").first()
    return Report.from_json(newest.content) if newest else None


def verify_and_keep(*, told: Callable[[str], None] = lambda name: None) -> Report:
    """Verify this installation's database and keep the report; takes up to a minute at a million recipients.

    `told` hears the name of each check before it begins; what it raises breaks the verification off.
    """
    begin()
    report = verify(told=told)
    keep(report)
    return report


def take_back_begun() -> None:
    """Forget that one was begun: whoever did breaks it off, and another begins anew."""
    VerificationReport.objects.filter(content=UNFINISHED).delete()
