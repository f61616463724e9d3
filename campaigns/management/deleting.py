"""What the two commands that delete have in common: they show the numbers, ask for a name, and work to the end."""

import time
from abc import abstractmethod
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.deletion import Impact
from campaigns.deletion.errors import WrongName
from campaigns.deletion.request import require_unblocked
from campaigns.models import Job
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.states import ProgressStatus

TURN = timedelta(seconds=1)  # between two words on how far it is


class DeletingCommand(FairleadCommand):
    """`schema` names its JSON, `what` its subject; the rest of a command is told by the methods."""

    schema: str
    what: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what would be removed")
        parser.add_argument("--confirm", metavar="NAME", help="the exact name; without it nothing is removed")
        parser.add_argument("--reason", default="", help="why; kept for good in tombstone and audit log")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    @abstractmethod
    def go_on(self, *, job_id: int, now: datetime, budget: timedelta) -> bool:
        """The use case that works on the job."""

    def show_dry_run(self, name: str, impact: Impact, options: dict[str, Any]) -> None:
        """The numbers; refused (exit code 4) as the act would be."""
        if options["json"]:
            self.print_json(self.schema, dry_run=True, name=name, **impact.as_dict())
        else:
            self.stdout.write(
                f"Would delete {impact.subject} “{name}”: {counts(impact.removed)}; {impact.total:,} rows."
            )
            self.stdout.write(f"Would stay: {counts(impact.stays)}.")
            self.stdout.write("Nothing was changed.")
        for table in impact.missing:
            self.say(f"The database has no {table}, or not all of it: run manage.py verify_schema.")
        require_unblocked(impact)

    def require_name(self, name: str, options: dict[str, Any]) -> None:
        """Exit code 7 unless the name was given, as it is."""
        if options["confirm"] is None:
            raise CommandError(
                f'This deletes {self.what} “{name}” for ever. To confirm, add its name: --confirm "{name}"',
                returncode=Exit.CONFIRMATION_MISSING,
            )
        if options["confirm"].strip() != name.strip():
            raise WrongName(name)

    def work_to_the_end(self, job: Job, options: dict[str, Any]) -> None:
        """Work on the job, or watch whoever does, until it has ended; exit code 5 when something could not go."""
        began = time.monotonic()
        while job.status not in ProgressStatus.ended:
            if not self.go_on(job_id=job.pk, now=timezone.now(), budget=TURN):
                time.sleep(0.1)  # the end; or else a worker has it in hand, and we look on
            job.refresh_from_db()
            self._say_progress(job)
        self._show(job, time.monotonic() - began, options)

    def _say_progress(self, job: Job) -> None:
        if job.total and job.status not in ProgressStatus.ended:
            self.say(f"{job.done:,} of {job.total:,} rows removed, {min(100 * job.done // job.total, 100)} %")

    def _show(self, job: Job, seconds: float, options: dict[str, Any]) -> None:
        result = job.result
        if options["json"]:
            more = {"total": job.total, "seconds": round(seconds, 1)}
            self.print_json(self.schema, dry_run=False, job=job.pk, **result, **more)
        else:
            name = result["subject"]["name"]
            self.stdout.write(f"Deleted {self.what} {job.subject_ref} “{name}”: {counts(result['removed'])}.")
            self.stdout.write(f"{job.total:,} rows in {seconds:.1f} s; no row of it is left." * (not job.failed))
        for failure in result["failures"]:
            self.say(f"{failure['table']}: {failure['error']}")
        if job.failed:
            raise CommandError(
                "What could not be removed is left to manage.py cleanup_orphans.", returncode=Exit.SOME_FAILED
            )


def counts(numbers: dict[str, int]) -> str:
    """`1,184 recipients, 7 steps`, leaving out what there is none of."""
    told = [f"{number:,} {label.replace('_', ' ')}" for label, number in numbers.items() if number]
    return ", ".join(told) or "nothing"
