import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.exporting import ExportFormat, export
from campaigns_project.audit.models import AuditLog
from campaigns_project.commands import FairleadCommand, moment
from campaigns_project.errors import Refused
from campaigns_project.private_files import create


class Command(FairleadCommand):
    help = (
        "Write the audit log to standard output or a file, oldest first; the export is an entry too. Exit codes: 0 "
        "written; 2 an option cannot be used; 3 no such organization."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this one's; without it the whole log")
        parser.add_argument("--since", type=moment, metavar="TIME", help="from this day or time on (RFC 3339)")
        parser.add_argument("--until", type=moment, metavar="TIME", help="before this day or time")
        parser.add_argument("--action", default="", help="an action, or how it begins: campaign.")
        parser.add_argument("--request", default="", metavar="ID", help="only what one request did")
        parser.add_argument("--format", choices=ExportFormat.values, default=ExportFormat.JSONL)
        parser.add_argument(
            "--output",
            type=Path,
            metavar="FILE",
            help="a new file, readable by its owner alone; standard output unless given",
        )
        parser.add_argument("--message", default="", help="why, for the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"]) if options["organization"] else None
        if options["output"]:
            with _new_file(options["output"]) as file:
                file.writelines(_lines(organization, options))
        else:
            sys.stdout.writelines(_lines(organization, options))


@contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """The file to write into, made before anything is noted as exported; gone again where it was not finished."""
    try:
        descriptor = create(path)
    except FileExistsError:
        raise Refused("file_exists", f"{path} is there already.", "Name a new file for --output.") from None
    except OSError as error:
        raise _not_writable(path, error) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
    except BaseException as error:
        path.unlink()
        if isinstance(error, OSError):
            raise _not_writable(path, error) from None
        raise


def _not_writable(path: Path, error: OSError) -> Refused:
    message = f"{path} cannot be written: {error.strerror}."
    return Refused("file_not_writable", message, "Name a file for --output in a folder that you may write to.")


def _lines(organization: Organization | None, options: dict[str, Any]) -> Iterator[str]:
    filters = _filters(options)
    entries = AuditLog.objects.filter(**filters)
    return export(
        entries=entries.for_organization(organization) if organization else entries,
        file_format=ExportFormat(options["format"]),
        organization_ids=[organization.pk if organization else None],
        actor=Actor.of_command("export_audit"),
        filters=filters,
        reason=options["message"],
    )


def _filters(options: dict[str, Any]) -> dict[str, Any]:
    asked = {
        "created_at__gte": options["since"],
        "created_at__lt": options["until"],
        "action__startswith": options["action"],
        "request_id": options["request"],
    }
    return {name: value for name, value in asked.items() if value}
