"""Keep reports in the database, for the pages of every machine."""

from campaigns_project.verification.models import VerificationReport
from campaigns_project.verification.report import Report
from campaigns_project.verification.verify import verify

KEPT = 20  # reports; enough to see since when something is wrong


def keep(report: Report) -> VerificationReport:
    """Store the report as the newest one, and forget all but the newest few."""
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
    newest = VerificationReport.objects.order_by("-begun_at", "-pk").first()
    return Report.from_json(newest.content) if newest else None


def verify_and_keep() -> Report:
    """Verify this installation's database and keep the report; takes up to a minute at a million recipients."""
    report = verify()
    keep(report)
    return report
