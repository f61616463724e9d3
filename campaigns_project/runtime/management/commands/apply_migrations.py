from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, Error, connections

from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.database import migrating
from campaigns_project.database.identity import configured
from campaigns_project.faults import DatabaseFault, fault_of
from campaigns_project.verification.report import Report
from campaigns_project.verification.verify import verify
from campaigns_project.verification.words import about


class Command(FairleadCommand):
    help = (
        "Bring the database to the newest migration, then verify its schema; asks nothing, and may run on many "
        "machines at once: one applies, the others wait. Exit codes: 0 done, or nothing to do; 1 a migration failed; "
        "4 the order of the migrations is not known; 6 with --check: some are pending, else: the schema is not what "
        "it should be; 8 the database cannot be reached or takes no writes."
    )
    needs_tables = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="default: default")
        parser.add_argument("--check", action="store_true", help="only say what is pending")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        self.say(f"Database {configured(options['database'])}")
        if options["check"]:
            self._check(options)
        else:
            self._apply(options)

    def _check(self, options: dict[str, Any]) -> None:
        migrating.refuse_disorder(options["database"])
        pending = migrating.pending(options["database"])
        self._print(options, pending, "is pending", "are pending", pending=pending)
        if pending:
            hint = "Run manage.py apply_migrations."
            raise CommandError(f"{_migrations(pending)} not applied. {hint}", returncode=Exit.UNHEALTHY)

    def _apply(self, options: dict[str, Any]) -> None:
        applied = self._migrate(options["database"])
        report = verify(using=options["database"], rows=False)
        self._print(options, applied, "was applied", "were applied", applied=applied, verification=report.as_json())
        self._tell(report)
        if not report.is_clean:
            said = "The migrations are applied, but the schema is not what they make. See manage.py verify_schema."
            raise CommandError(said, returncode=Exit.UNHEALTHY)

    def _migrate(self, using: str) -> list[str]:
        try:
            return migrating.migrate(
                using=using, verbosity=0, on_wait=lambda: self.say("Another process is migrating; waiting for it.")
            )
        except Error as error:
            if fault := _fault(error):
                raise fault from error
            raise CommandError(
                f"A migration failed: {' '.join(str(error).split())}. Nothing of it was applied; those before it were. "
                "Mend what it says and run this again, which goes on from there."
            ) from error

    def _print(self, options: dict[str, Any], names: list[str], was: str, were: str, **values: Any) -> None:
        if options["json"]:
            self.print_json("apply_migrations", database=str(configured(options["database"])), **values)
            return
        for name in names:
            self.stdout.write(f"  {name}")
        self.stdout.write(f"{_migrations(names)} {was if len(names) == 1 else were}.")

    def _tell(self, report: Report) -> None:
        if not report.findings:
            self.say(f"The schema is what the migrations make (fingerprint {report.fingerprint}).")
        for finding in report.findings:
            self.say("\n".join(about(finding)))


def _fault(error: Error) -> DatabaseFault | None:
    """Where the table of migrations cannot be made, Django tells it by an error of its own, without the cause."""
    inner = error.__context__
    return fault_of(error) or (fault_of(inner) if isinstance(inner, Error) else None)


def _migrations(names: list[str]) -> str:
    return f"{len(names)} migration{'' if len(names) == 1 else 's'}"
