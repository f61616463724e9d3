import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused, StateRefused
from leads.imports.canceling import cancel_import
from leads.imports.matching import UNKNOWN_COLUMNS
from leads.imports.options import ON_EXISTING, ImportOptions, read_mapping
from leads.imports.previewing import dry_run
from leads.imports.problem_files import problem_lines, problem_writer
from leads.imports.receiving import receive
from leads.imports.repeats import earlier_import
from leads.imports.reporting import Report, report_of_import, report_of_preview
from leads.imports.running import run_import
from leads.models import LeadImport

USAGE, UNKNOWN, REFUSED_BY_STATE, SOME_FAILED, INTERRUPTED = 2, 3, 4, 5, 130


class Command(BaseCommand):
    help = (
        "Import leads from a CSV file of any encoding, delimiter and naming of columns. Exit codes: 0 all rows are in; "
        "2 the file or an option cannot be used, nothing was changed; 3 no such organization; 5 problems in some rows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the CSV file; - reads standard input")
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose leads they become")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")
        parser.add_argument("--errors", type=Path, metavar="OUT.csv", help="write the rows with problems there")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object on standard output")
        parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="put this tag on every lead")
        mapping = "what a column becomes: a field of a lead, custom.NAME or ignore"
        parser.add_argument("--map", action="append", default=[], metavar="HEADER=FIELD", help=mapping)
        unknown = "columns that match no field: refuse the file (default), keep them as custom fields, or ignore them"
        parser.add_argument("--unknown-columns", choices=UNKNOWN_COLUMNS, default="refuse", help=unknown)
        existing = "leads that exist already: fill their empty fields (default), overwrite, or skip them"
        parser.add_argument("--on-existing", choices=ON_EXISTING, default="fill", help=existing)
        parser.add_argument("--encoding", default="", help="how the file is encoded, where it is not detected rightly")
        parser.add_argument("--delimiter", default="", help="what separates columns, where it is not detected rightly")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = _organization(options["organization"])
        _refuse_unwritable(options["errors"])
        act = self._preview if options["dry_run"] else self._import
        try:
            wanted = _import_options(options)
            with _opened(options["file"]) as stream:
                report = act(organization, stream, wanted, options)
        except Refused as refused:
            code = REFUSED_BY_STATE if isinstance(refused, StateRefused) else USAGE
            raise CommandError(str(refused), returncode=code) from None
        self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False) if options["json"] else report.as_text())
        if report.message:
            raise CommandError(report.message, returncode=USAGE)
        if report.problems:
            sys.exit(SOME_FAILED)

    def _import(
        self, organization: Organization, stream: BinaryIO, wanted: ImportOptions, options: dict[str, Any]
    ) -> Report:
        actor = Actor.of_command("import_leads")
        lead_import = receive(
            organization=organization,
            stream=stream,
            file_name=_name_of(options["file"]),
            options=wanted,
            actor=actor,
            now=timezone.now(),
            in_background=False,
            confirm_repeat=True,
        )
        self._note_earlier(lead_import)
        try:
            with _progress(lead_import.total_rows) as show:
                lead_import = run_import(
                    lead_import_id=lead_import.pk, now=timezone.now(), on_progress=lambda going: show(going.rows_done)
                )
        except KeyboardInterrupt:
            raise _canceled(lead_import, actor) from None
        if options["errors"]:
            with _errors_file(options["errors"]) as out:
                out.writelines(problem_lines(lead_import))
        return report_of_import(lead_import)

    def _preview(
        self, organization: Organization, stream: BinaryIO, wanted: ImportOptions, options: dict[str, Any]
    ) -> Report:
        file_name = _name_of(options["file"])
        errors = _errors_file(options["errors"]) if options["errors"] else nullcontext()
        with errors as out, _progress(None) as show:
            preview = dry_run(
                organization=organization,
                stream=stream,
                file_name=file_name,
                options=wanted,
                on_progress=lambda going: show(going.rows_done),
                on_problem=problem_writer(out) if out else None,
            )
        return report_of_preview(preview, file_name=file_name)

    def _note_earlier(self, lead_import: LeadImport) -> None:
        before = earlier_import(lead_import)
        if before:
            date = f"{before.created_at:%d %B %Y}"
            self.stderr.write(f"Note: the very same file was imported on {date} (import {before.pk}).")


def _organization(slug: str) -> Organization:
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Organization.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no organization “{slug}”. These exist: {known}.", returncode=UNKNOWN)
    return found


def _import_options(options: dict[str, Any]) -> ImportOptions:
    return ImportOptions(
        encoding=options["encoding"],
        delimiter=options["delimiter"],
        mapping=read_mapping(options["map"]),
        unknown_columns=options["unknown_columns"],
        on_existing=options["on_existing"],
        tags=tuple(options["tag"]),
    )


def _name_of(file: str) -> str:
    return "standard input" if file == "-" else Path(file).name


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    if file == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=USAGE) from None


def _refuse_unwritable(path: Path | None) -> None:
    """Before the import, not after it: the file of errors is all that tells which rows are missing."""
    if path is None:
        return
    target = path if path.exists() else path.absolute().parent
    if path.is_dir() or not os.access(target, os.W_OK):
        raise CommandError(f"{path} cannot be written: name a file in a folder you may write to.", returncode=USAGE)


def _errors_file(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="")


def _canceled(lead_import: LeadImport, actor: Actor) -> CommandError:
    canceled = cancel_import(lead_import=lead_import, actor=actor)
    done = f"{canceled.rows_done:,} of {canceled.total_rows:,} rows were done and stay."
    return CommandError(f"Import {canceled.pk} was canceled. {done}", returncode=INTERRUPTED)


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal, where there is one; else nothing, so that logs stay readable."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("Importing" if total else "Checking", total=total)
        yield lambda done: progress.update(task, completed=done)
