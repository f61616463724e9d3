"""Ask the subjects, one after the other; one that breaks is a finding and does not keep the others from being asked."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import Error, connection, transaction

from campaigns_project.runtime.health.check import Check, Level, Needs, Subject
from campaigns_project.runtime.health.examination import Examination
from campaigns_project.runtime.health.subjects import SUBJECTS

LONGEST_QUESTION = 5_000  # ms; a table that somebody has locked must not hold up the whole examination


def examine(
    *, now: datetime, only: Collection[str] = (), quick: bool = False, subjects: Sequence[Subject] = SUBJECTS
) -> Examination:
    """Examine all `subjects`, or those named in `only`, or just the quick ones. Changes nothing.

    Without a database and its tables only what needs none is asked; what is wrong with the database is said then, also
    where it was not named.
    """
    wanted = [subject for subject in subjects if _is_wanted(subject, only, quick)]
    found = {subject.name: _asked(subject) for subject in wanted if subject.needs == Needs.NOTHING}
    if any(subject.needs for subject in wanted):
        ground = _ground()
        found |= ground
        if not any(_fails(checks) for checks in ground.values()):
            found |= {subject.name: _asked(subject) for subject in wanted if subject.needs == Needs.TABLES}
    names = {subject.name for subject in wanted}
    order = dict.fromkeys(subject.name for subject in (*subjects, *SUBJECTS))
    checks = [check for name in order for check in found.get(name, ())]
    return Examination(now, [check for check in checks if check.name in names or check.level == Level.FAIL])


def _is_wanted(subject: Subject, only: Collection[str], quick: bool) -> bool:
    if only:
        return subject.name in only
    return not subject.is_asked_for and (subject.is_quick or not quick)


def _ground() -> dict[str, list[Check]]:
    """The database and its tables, up to the first that failed."""
    asked: dict[str, list[Check]] = {}
    for subject in SUBJECTS:
        if subject.needs == Needs.DATABASE:
            asked[subject.name] = _asked(subject)
            if _fails(asked[subject.name]):
                break
    return asked


def _fails(checks: list[Check]) -> bool:
    return any(check.level == Level.FAIL for check in checks)


def _asked(subject: Subject) -> list[Check]:
    if subject.needs != Needs.TABLES:
        return list(subject.examine())
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LONGEST_QUESTION)])
            return list(subject.examine())
    except Error as error:
        state = getattr(error.__cause__, "sqlstate", None)
        message = f"It could not be asked: {type(error).__name__}{f' ({state})' if state else ''}."
        return [Check(subject.name, Level.FAIL, message, "manage.py verify_schema may say what is missing.")]
