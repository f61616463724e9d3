"""A report in words for a terminal, and its statements as a script."""

from collections.abc import Iterator

from campaigns_project.verification.finding import Finding, Severity
from campaigns_project.verification.report import Report

MARKS = {Severity.ERROR: "✗", Severity.WARNING: "⚠"}
# How the ids of findings begin, in the order in which their statements can be run. First what rows stand in and what
# takes along those below them; then all rows; then what refuses to be made while one of them breaks it, and the rest.
BEFORE_ROWS = ("table_", "column_", "sequence_changed", "foreign_key_disabled")
AFTER_ROWS = (
    "primary_key_", "unique_", "exclusion_", "check_", "foreign_key_", "constraint_", "index_", "function_", "trigger_",
    "rule_", "view_",
)  # fmt: skip
LONGEST_STATEMENT = 160  # characters that are shown beside a finding; longer ones only in the script


def lines(report: Report) -> Iterator[str]:
    """What a person reads: which database, against what, then every finding, errors first, and the verdict."""
    yield f"Database     {report.identity}"
    yield f"Server       Postgres {report.server}"
    if report.compared_with:
        yield f"Compared     with {report.compared_with}"
    yield f"Fingerprint  {_fingerprints(report)}"
    yield f"Checked      {', '.join(report.checks)}, in {report.seconds:.1f} s"
    for finding in report.findings:
        yield ""
        yield from about(finding)
    yield ""
    yield verdict(report)


def _fingerprints(report: Report) -> str:
    if not report.expected_fingerprint:
        return report.fingerprint
    if report.fingerprint == report.expected_fingerprint:
        return f"{report.fingerprint}, as it should be"
    return f"{report.fingerprint}, and should be {report.expected_fingerprint}"


def about(finding: Finding) -> Iterator[str]:
    """One finding in a few lines: what, where, how often, and what mends it."""
    times = f"  {finding.count:,} times" if finding.count > 1 else ""
    yield f"{MARKS[finding.severity]} {finding.id}  {finding.where}{times}"
    yield f"    {finding.message}"
    details = {"expected": finding.expected, "found": finding.found, "for example": ", ".join(finding.samples)}
    for name, value in details.items():
        if value:
            yield f"    {name:<12} {' '.join(value.split())}"
    if finding.fix:
        yield f"    {'do':<12} {finding.fix}"
    if finding.fix_sql:
        statement = finding.fix_sql
        is_short = len(statement) <= LONGEST_STATEMENT and "\n" not in statement
        yield f"    {'statement':<12} {statement if is_short else 'see manage.py verify_schema --fix-sql'}"


def verdict(report: Report) -> str:
    """One sentence: well or not."""
    if not report.findings:
        return "Nothing is wrong."
    errors, warnings = len(report.errors), len(report.warnings)
    warned = f"{warnings} warning{'' if warnings == 1 else 's'}"
    if not errors:
        return f"Nothing is wrong; {warned}."
    return f"{errors} error{'' if errors == 1 else 's'}, {warned}."


def script(report: Report) -> str:
    """All statements that mend something, in the order to run them, each under the finding it is for."""
    head = (
        f"-- For {report.identity}\n-- Found {report.begun_at.isoformat(timespec='seconds')}. Read before you run "
        "anything, take a backup first, and run the statements one by one:\n-- CONCURRENTLY must not stand in a "
        "transaction. Then run manage.py verify_schema again."
    )
    parts = [
        f"-- {finding.id}: {finding.where}\n-- {finding.message}\n{finding.fix_sql}"
        for finding in sorted(report.findings, key=_turn)
        if finding.fix_sql
    ]
    return "\n\n".join([head, *(parts or ["-- No finding has a statement that mends it."])])


def _turn(finding: Finding) -> int:
    if finding.id.startswith(BEFORE_ROWS):
        return 0
    return 2 if finding.id.startswith(AFTER_ROWS) else 1
