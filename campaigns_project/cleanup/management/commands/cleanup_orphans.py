from argparse import ArgumentParser, ArgumentTypeError
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns_project.audit.actors import Actor
from campaigns_project.cleanup.archive import Archive
from campaigns_project.cleanup.asked import clean
from campaigns_project.cleanup.sweep import BATCH_SIZE, Place, Sweep, require_writable, sweep
from campaigns_project.commands import Exit, FairleadCommand

LARGEST_BATCH = 100_000


class Command(FairleadCommand):
    help = (
        "Remove rows whose campaign, or other parent, is gone: those of declared references without a constraint, and "
        "of keys whose constraint is missing. Exit codes: 0 done; 2 no such table, or the archive cannot be written; "
        "5 some tables failed, the others are done; 7 not confirmed; 8 the database only reads; 9 another run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only count")
        parser.add_argument("--table", default="", metavar="TABLE", help="only this one, e.g. raw_leads")
        parser.add_argument(
            "--batch-size", type=_batch_size, default=BATCH_SIZE, metavar="N", help="rows a transaction removes"
        )
        parser.add_argument(
            "--archive", type=Path, metavar="FILE", help="write the rows to this new file first, a line of JSON each"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        table = options["table"]
        swept = sweep(dry_run=True, table=table)
        if not options["dry_run"]:
            require_writable()  # before the archive's file is made
            if swept.found:
                self.confirm(f"{_rows(swept.found)} without a parent will be removed, for ever.", options)
            with Archive(options["archive"]) if options["archive"] else nullcontext() as archive:
                swept = clean(
                    actor=Actor.of_command("cleanup_orphans"),
                    now=timezone.now(),
                    table=table,
                    batch_size=options["batch_size"],
                    archive=archive,
                )
        self._tell(swept, options)
        if swept.problems:
            raise CommandError(
                f"{len(swept.problems)} of {len(swept.places)} places could not be looked at or mended.",
                returncode=Exit.SOME_FAILED,
            )

    def _tell(self, swept: Sweep, options: dict[str, Any]) -> None:
        if options["json"]:
            places = [asdict(each) for each in swept.places if each.found or each.problem or options["verbosity"] > 1]
            self.print_json(
                "cleanup_orphans", dry_run=swept.is_dry_run, found=swept.found, mended=swept.mended, places=places
            )
            return
        for place in swept.places:
            if place.problem:
                self.say(f"{place.where}: {place.problem}")
            if place.found or options["verbosity"] > 1:
                self.stdout.write(_line(place, swept.is_dry_run, options["verbosity"]))
        self.stdout.write(_summary(swept, options["dry_run"]))


def _line(place: Place, is_dry_run: bool, verbosity: int) -> str:
    act = "cleared" if place.clears else "removed"
    done = "" if is_dry_run else f", {place.mended:,} {act}"
    first = f" (first: {', '.join(place.samples)})" if place.samples and verbosity > 1 else ""
    return f"{place.where} -> {place.parent}: {place.found:,} found{done}{first}"


def _summary(swept: Sweep, asked_to_look: bool) -> str:
    if not swept.found:
        return f"Nothing to remove: {len(swept.places)} references lead where they should."
    if swept.is_dry_run and asked_to_look:
        return f"{_rows(swept.found)} without a parent. Nothing was changed; remove them: manage.py cleanup_orphans"
    return f"{_rows(swept.mended)} of {swept.found:,} without a parent removed or cleared."


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _batch_size(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_BATCH:
        raise ArgumentTypeError(f"“{text}” is no number from 1 to {LARGEST_BATCH:,}.")
    return int(text)
