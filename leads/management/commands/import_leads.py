import json
import shlex
import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from leads.imports.canceling import cancel_import
from leads.imports.matching import UNKNOWN_COLUMNS
from leads.imports.options import ON_EXISTING, ImportOptions, read_mapping, read_words
from leads.imports.previewing import dry_run
from leads.imports.problem_files import problem_lines, problem_writer
from leads.imports.receiving import receive
from leads.imports.reporting import Report, report_of_import, report_of_preview
from leads.imports.running import run_import
from leads.imports.undoing import UndoPreview, preview_undo, run_undo, undo_import
from leads.management.files import errors_file, name_of, opened, progress, refuse_unwritable
from leads.models import LeadImport


class Command(FairleadCommand):
    help = (
        "Import leads from a file of any encoding, delimiter and naming of columns; go on with an import, or undo one. "
        "Exit codes: 0 all rows are in; 2 the file or an option cannot be used, nothing was changed; 3 no such "
        "organization or import; 4 the file was imported before, or the import is in another state; 5 problems in some "
        "rows; 7 an undo was not confirmed; 130 stopped with Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", nargs="?", help="the file; - reads standard input")
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose leads they become")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")
        parser.add_argument("--errors", type=Path, metavar="OUT.csv", help="write the rows with problems there")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object on standard output")
        parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="put this tag on every lead")
        parser.add_argument("--campaign", type=int, metavar="NUMBER", help="a draft campaign to put them into")
        parser.add_argument("--legal-basis", default="", metavar="TEXT", help="why they may be written to; is kept")
        mapping = "what a column becomes: a field of a lead, do_not_contact (says who is out), custom.NAME or ignore"
        parser.add_argument("--map", action="append", default=[], metavar="HEADER=FIELD", help=mapping)
        word = "what a word of a do_not_contact column says: out, or in (may be written to); * is any that is not known"
        parser.add_argument("--word", action="append", default=[], metavar="WORD=out|in", help=word)
        unknown = "columns that match no field: refuse the file (default), keep them as custom fields, or ignore them"
        parser.add_argument("--unknown-columns", choices=UNKNOWN_COLUMNS, default="refuse", help=unknown)
        existing = "leads that exist already: fill their empty fields (default), overwrite, or skip them"
        parser.add_argument("--on-existing", choices=ON_EXISTING, default="fill", help=existing)
        parser.add_argument("--encoding", default="", help="how the file is encoded, where it is not detected rightly")
        parser.add_argument("--delimiter", default="", help="what separates columns, where it is not detected rightly")
        parser.add_argument(
            "--sheet", default="", metavar="NAME", help="of a workbook; the first with addresses unless given"
        )
        parser.add_argument("--header-row", type=int, metavar="ROW", help="where the header is not found rightly")
        parser.add_argument("--confirm-repeat", action="store_true", help="import the very same file once more")
        parser.add_argument("--resume", type=int, metavar="ID", help="go on with an import that was broken off")
        parser.add_argument("--undo", type=int, metavar="ID", help="remove the leads an import made, within 24 hours")
        parser.add_argument("--yes", action="store_true", help="undo without asking")

    def handle(self, *args: Any, **options: Any) -> None:
        if sum(options[name] is not None for name in ("file", "resume", "undo")) != 1:
            raise CommandError("Name a file, or --resume ID, or --undo ID: one of them.", returncode=Exit.USAGE)
        if options["resume"] is not None and options["dry_run"]:
            message = "--resume has no dry run: what is left of an import is done as it was begun. Leave out --dry-run."
            raise CommandError(message, returncode=Exit.USAGE)
        organization = _organization(options["organization"])
        refuse_unwritable(options["errors"])
        if options["undo"] is not None:
            self._undo(_found(organization, options["undo"]), options)
            return
        if options["resume"] is not None:
            report = self._run(_found(organization, options["resume"]), options)
        else:
            wanted = _import_options(options)
            act = self._preview if options["dry_run"] else self._import
            with opened(options["file"]) as stream:
                report = act(organization, stream, wanted, options)
        self._tell(report, options)

    def _import(
        self, organization: Organization, stream: BinaryIO, wanted: ImportOptions, options: dict[str, Any]
    ) -> Report:
        lead_import = receive(
            organization=organization,
            stream=stream,
            file_name=name_of(options["file"]),
            options=wanted,
            actor=_actor(),
            now=timezone.now(),
            in_background=False,
            confirm_repeat=options["confirm_repeat"],
        )
        return self._run(lead_import, options)

    def _run(self, lead_import: LeadImport, options: dict[str, Any]) -> Report:
        try:
            with progress(lead_import.total_rows) as show:
                lead_import = run_import(
                    lead_import_id=lead_import.pk, now=timezone.now(), on_progress=lambda going: show(going.rows_done)
                )
        except KeyboardInterrupt:
            raise _canceled(lead_import) from None
        if options["errors"]:
            with errors_file(options["errors"]) as out:
                out.writelines(problem_lines(lead_import))
        return report_of_import(lead_import)

    def _preview(
        self, organization: Organization, stream: BinaryIO, wanted: ImportOptions, options: dict[str, Any]
    ) -> Report:
        file_name = name_of(options["file"])
        errors = errors_file(options["errors"]) if options["errors"] else nullcontext()
        with errors as out, progress(None) as show:
            preview = dry_run(
                organization=organization,
                stream=stream,
                file_name=file_name,
                options=wanted,
                on_progress=lambda going: show(going.rows_done),
                on_problem=problem_writer(out) if out else None,
            )
        return report_of_preview(preview, file_name=file_name)

    def _tell(self, report: Report, options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False) if options["json"] else report.as_text())
        if report.message:
            raise CommandError(report.message, returncode=Exit.USAGE)
        if not options["json"]:
            self.say(_next_command(report, options))
        if report.problems:
            sys.exit(Exit.SOME_FAILED)

    def _undo(self, lead_import: LeadImport, options: dict[str, Any]) -> None:
        now = timezone.now()
        found = preview_undo(lead_import=lead_import, now=now)
        about = "" if found.is_all else f" of the first {found.looked_at:,}"
        stay = ", ".join(f"{count:,} {why}" for why, count in sorted(found.kept.items())) or "none"
        out = " Whom it suppressed stays suppressed: out means out." if found.do_not_contact else ""
        if options["dry_run"]:
            sentence = f"Would remove {_leads(found.removable)}{about}; would stay: {stay}.{out} Nothing was changed."
            self._tell_undone(sentence, lead_import, found, options)
            return
        self.confirm(f"Remove {_leads(found.removable)}{about} that import {lead_import.pk} made?", options)
        undo_import(lead_import=lead_import, actor=_actor(), now=now, in_background=False)
        done = run_undo(lead_import_id=lead_import.pk)
        sentence = f"Removed {_leads(done.undone_count or 0)}; these stay{about}: {stay}.{out}"
        self._tell_undone(sentence, done, found, options)

    def _tell_undone(self, sentence: str, lead_import: LeadImport, found: UndoPreview, options: dict[str, Any]) -> None:
        if not options["json"]:
            self.stdout.write(sentence)
            return
        self.print_json(
            "import_leads",
            undo=lead_import.pk,
            dry_run=options["dry_run"],
            removed=lead_import.undone_count,
            removable=found.removable,
            kept=dict(found.kept),
            looked_at=found.looked_at,
            is_all=found.is_all,
            do_not_contact=found.do_not_contact,
        )


def _leads(count: int) -> str:
    return f"{count:,} lead{'' if count == 1 else 's'}"


def _actor() -> Actor:
    return Actor.of_command("import_leads")


def _organization(slug: str) -> Organization:
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Organization.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no organization “{slug}”. These exist: {known}.", returncode=Exit.NOT_FOUND)
    return found


def _found(organization: Organization, number: int) -> LeadImport:
    found = LeadImport.objects.for_organization(organization).filter(pk=number).first()
    if found is None:
        raise CommandError(f"{organization} has no import {number}.", returncode=Exit.NOT_FOUND)
    return found


def _import_options(options: dict[str, Any]) -> ImportOptions:
    return ImportOptions(
        encoding=options["encoding"],
        delimiter=options["delimiter"],
        sheet=options["sheet"],
        header_row=options["header_row"],
        mapping=read_mapping(options["map"]),
        words=read_words(options["word"]),
        unknown_columns=options["unknown_columns"],
        on_existing=options["on_existing"],
        tags=tuple(options["tag"]),
        enroll_into=options["campaign"],
        legal_basis=options["legal_basis"],
    )


def _canceled(lead_import: LeadImport) -> CommandError:
    canceled = cancel_import(lead_import=lead_import, actor=_actor())
    done = f"{canceled.rows_done:,} of {canceled.total_rows:,} rows were done and stay."
    again = "Import the file again to go on: what is done is then unchanged."
    return CommandError(f"Import {canceled.pk} was canceled. {done} {again}", returncode=Exit.INTERRUPTED)


def _next_command(report: Report, options: dict[str, Any]) -> str:
    """What one is likely to want next, ready to be copied."""
    home = f"--organization {shlex.quote(options['organization'])}"
    if report.import_id is None:
        return f"Nothing was changed. Without --dry-run: manage.py import_leads {shlex.quote(options['file'])} {home} …"
    if report.created:
        return f"To take it back within 24 hours: manage.py import_leads {home} --undo {report.import_id}"
    return f"Its page: /admin/leads/leadimport/{report.import_id}/progress/"
