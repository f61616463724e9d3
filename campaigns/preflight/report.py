"""A report on a campaign as it is now, in full where that is quick, else with what the last full check found."""

from collections.abc import Callable
from datetime import datetime

from campaigns.errors import PreflightNeeded
from campaigns.models import Campaign
from campaigns.preflight.advice import advise
from campaigns.preflight.checking import check
from campaigns.preflight.everybody import Findings, count_mails, problems_of, render_after
from campaigns.preflight.jobs import finished_check, open_check
from campaigns.preflight.problems import Problem, Report
from campaigns.preflight.snapshot import snapshot

AT_ONCE = 5_000  # mails made while somebody waits; more are a job's
OnProgress = Callable[[int], object]


def look(campaign: Campaign, *, now: datetime, at_once: int = AT_ONCE) -> Report:
    """The report somebody waits for: up to `at_once` mails are made for it, more are not.

    A larger campaign has the findings of the last full check of just this state, or `is_full` is false.
    """
    mails = count_mails(campaign)
    if mails <= at_once:
        return examine(campaign, now=now)
    name = snapshot(campaign)
    job = finished_check(campaign, name)
    findings = Findings.of_dict(job.result["findings"]) if job else Findings()
    return _report(campaign, name, findings, now=now, mails=mails, rendered=mails if job else 0)


def examine(campaign: Campaign, *, now: datetime, on_progress: OnProgress | None = None) -> Report:
    """The report with every mail made, however long that takes; `on_progress` is told how many were so far."""
    name = snapshot(campaign)
    findings, done, last = Findings(), 0, 0
    while step := render_after(campaign, last, findings, now=now):
        last, mails = step
        done += mails
        if on_progress:
            on_progress(done)
    return _report(campaign, name, findings, now=now, mails=done, rendered=done)


def required(campaign: Campaign, *, now: datetime, at_once: int = AT_ONCE) -> Report:
    """The full report a start needs; PreflightNeeded where that has to be made by a job first."""
    report = look(campaign, now=now, at_once=at_once)
    require_full(campaign, report)
    return report


def require_full(campaign: Campaign, report: Report) -> None:
    """PreflightNeeded unless `report` saw every mail, or found without that what blocks."""
    if not report.is_full and not report.blocking:
        job = open_check(campaign)
        raise PreflightNeeded(report.mails, job.pk if job else None)


def _report(campaign: Campaign, name: str, findings: Findings, *, now: datetime, mails: int, rendered: int) -> Report:
    blocking = check(campaign)
    found = list(problems_of(findings, known=blocking))
    problems: list[Problem] = [*blocking, *found, *advise(campaign, now=now)]
    return Report(tuple(problems), snapshot=name, checked_at=now, mails=mails, rendered=rendered)
