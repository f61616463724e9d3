from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, connections

from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.verification.expected import Source
from campaigns_project.verification.kept import keep
from campaigns_project.verification.report import Report
from campaigns_project.verification.verify import verify
from campaigns_project.verification.words import lines, script, verdict


class Command(FairleadCommand):
    help = (
        "Prove that the database is what it should be: its schema against what the migrations make, its rows against "
        "each other, in one read-only snapshot. Nothing is changed. Exit codes: 0 nothing is wrong (warnings may "
        "stand); 2 there is no such check; 6 something is wrong; 8 the database cannot be reached."
    )
    needs_tables = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
        parser.add_argument(
            "--fix-sql", action="store_true", help="print the statements that mend it on standard output; runs nothing"
        )
        parser.add_argument(
            "--only", action="append", default=[], metavar="CHECK", help="only this check, or “rows”; may be repeated"
        )
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--shadow",
            dest="source",
            action="store_const",
            const=Source.SHADOW,
            default=Source.AUTO,
            help="compare with a database that the migrations make now, even where a manifest fits",
        )
        source.add_argument(
            "--manifest",
            dest="source",
            action="store_const",
            const=Source.MANIFEST,
            help="compare with the shipped manifest, and never make a database",
        )
        parser.add_argument("--keep", action="store_true", help="store the result for the System health page")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="default: default")

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify(using=options["database"], only=options["only"], source=options["source"])
        if options["keep"]:
            keep(report)
        self._print(report, options)
        if not report.is_clean:
            raise CommandError(verdict(report), returncode=Exit.UNHEALTHY)

    def _print(self, report: Report, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json("verify_schema", **report.as_json())
        elif options["fix_sql"]:
            self.stdout.write(script(report))
        else:
            self.stdout.write("\n".join(lines(report)))
