import json
import os
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from campaigns.working import working
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.private_files import create
from campaigns_project.runtime.going_live import examine_going_live
from campaigns_project.runtime.health import Check, Examination, Level, examine, exit_code
from campaigns_project.runtime.health.bundle import make_bundle
from campaigns_project.runtime.health.subjects import SUBJECTS

MARKS = {Level.OK: "✓", Level.NOTE: "·", Level.WARN: "⚠", Level.FAIL: "✗"}
NAMES = [subject.name for subject in SUBJECTS]


class Command(FairleadCommand):
    needs_tables = False  # that they are missing is one of the things it finds
    help = (
        "Examine database, workers, queue, mail and settings; nothing is changed. "
        "Exits 0: well, 6: unhealthy, 8: something it depends on is down."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only",
            type=_names,
            default=(),
            metavar="A,B",
            help=f"examine these: {', '.join(NAMES)}. public_url is fetched only where it is named",
        )
        parser.add_argument(
            "--going-live",
            action="store_true",
            help="examine instead what real use still needs, from the public address to the demo's data; asks outside",
        )
        parser.add_argument(
            "--fail-on", choices=["fail", "warn"], default="fail", help="whether warnings count for the exit code"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of lines")
        parser.add_argument(
            "--bundle", metavar="FILE", help="also write a support bundle there: JSON without secrets and personal data"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["going_live"]:
            if options["only"]:
                raise CommandError(
                    "--only does not go with --going-live: that is a list of its own.", returncode=Exit.USAGE
                )
            found = examine_going_live(now=timezone.now(), asks_outside=True)
        else:
            found = examine(now=timezone.now(), only=options["only"])
        if options["json"]:
            self._print_json(found)
        else:
            for check in found.checks:
                self._print(check, with_details=options["verbosity"] > 1)
        if options["bundle"]:
            self._write_bundle(Path(options["bundle"]))
        code = exit_code(found.checks, fail_on=Level(options["fail_on"]))
        if code:
            raise SystemExit(code)

    def _print_json(self, found: Examination) -> None:
        self.print_json("doctor", **found.as_json(), working=_working(found.checks))

    def _print(self, check: Check, *, with_details: bool) -> None:
        paint = {
            Level.OK: self.style.SUCCESS,
            Level.NOTE: self.style.NOTICE,
            Level.WARN: self.style.WARNING,
            Level.FAIL: self.style.ERROR,
        }[check.level]
        self.stdout.write(f"{paint(MARKS[check.level])} {check.name:<10} {check.message}")
        for line in (check.fix, *(check.details if with_details else ())):
            if line:
                self.stdout.write(f"  {'':<10} {line}")

    def _write_bundle(self, path: Path) -> None:
        try:
            descriptor = create(path)
        except OSError as error:
            raise CommandError(
                f"{path} cannot be written: {error.strerror}. Name a file that is not there yet.", returncode=Exit.USAGE
            ) from error
        with os.fdopen(descriptor, "w") as file:
            json.dump(make_bundle(now=timezone.now()), file, cls=DjangoJSONEncoder, indent=2)
        self.say(f"Wrote {path}. Read it before you give it to somebody.")


def _names(given: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        raise ArgumentTypeError(f"{', '.join(unknown) or 'nothing'} cannot be examined; there are {', '.join(NAMES)}.")
    return names


def _working(checks: list[Check]) -> dict[str, Any] | None:
    """What the workers do; None where the database could not be asked."""
    was_asked = any(check.name == "workers" for check in checks)
    return working().as_dict() if was_asked else None
