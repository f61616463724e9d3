"""The last verification of the database: what it found, and how long ago."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from campaigns_project.runtime.health.check import Check, Level, counted, in_words
from campaigns_project.verification.finding import Finding
from campaigns_project.verification.kept import last_report, unfinished_since
from campaigns_project.verification.report import Report

AGAIN = "It is done every day while a worker runs; to do it now: manage.py verify_schema --keep."
SHORT = 12  # characters of a fingerprint; enough to tell two apart
OLD = timedelta(days=8)


def examine_schema() -> Iterator[Check]:
    """The newest kept report in a sentence, with its findings behind it; and what has become of one begun since."""
    yield from _last_report()
    begun_at = unfinished_since()
    if begun_at is not None:
        yield _unfinished(timezone.now() - begun_at)


def _unfinished(age: timedelta) -> Check:
    longest = timedelta(seconds=settings.Q_CLUSTER["timeout"])
    if age <= longest:
        return Check("schema", Level.NOTE, f"A verification is under way, begun {in_words(age)} ago.")
    return Check(
        "schema",
        Level.WARN,
        f"A verification that was begun {in_words(age)} ago has not come to its end.",
        "Its worker was stopped, it broke off, or it takes longer than the "
        f"{longest.total_seconds():.0f} s that a worker has for it: then let a timer of the system run manage.py "
        "verify_schema --keep every day, which takes its time.",
    )


def _last_report() -> Iterator[Check]:
    report = last_report()
    if report is None:
        yield Check("schema", Level.NOTE, "Tables and rows were not verified yet.", AGAIN)
        return
    age = timezone.now() - report.begun_at
    when = f"verified {in_words(age)} ago in {report.seconds:.0f} s"
    if report.findings:
        yield _findings(report, when)
    else:
        message = f"Tables and rows are as they should be (fingerprint {report.fingerprint[:SHORT]}), {when}."
        yield Check("schema", Level.OK, message)
    if age > OLD:
        yield Check("schema", Level.NOTE, "That was a while ago.", AGAIN)


def _findings(report: Report, when: str) -> Check:
    parts = [counted(len(report.errors), "error")] if report.errors else []
    parts += [counted(len(report.warnings), "warning")] if report.warnings else []
    first = report.findings[0]
    kinds = ", ".join(f"{finding.id} ({finding.where})" for finding in report.findings)
    return Check(
        "schema",
        Level.FAIL if report.errors else Level.WARN,
        f"{' and '.join(parts)}, {when}. First: {first.message}",
        first.fix or "manage.py verify_schema says what mends each; with --fix-sql it prints statements.",
        details=tuple(_line(finding) for finding in report.findings),
        shareable=f"{' and '.join(parts)}, {when}: {kinds}.",
    )


def _line(finding: Finding) -> str:
    return f"{finding.severity} {finding.id}, {finding.where}: {finding.message} {finding.fix}".strip()
