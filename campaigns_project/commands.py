"""What every command of ours has in common: exit codes, and refusals told as errors."""

import json
import sys
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Literal

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error as DatabaseError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from campaigns_project.broken_off import INTERRUPTED, UNREAD
from campaigns_project.database.tables import require_tables
from campaigns_project.errors import Locked, NotConfirmed, NotFound, Refused, StateRefused
from campaigns_project.faults import DatabaseFault, SchemaFault, fault_of, is_duplicate, made_meanwhile


class Exit(IntEnum):
    """The same in all commands; docs/operating.md lists them."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED_BY_STATE = 4
    SOME_FAILED = 5
    UNHEALTHY = 6
    CONFIRMATION_MISSING = 7
    DEPENDENCY_DOWN = 8
    LOCKED = 9
    INTERRUPTED = INTERRUPTED
    UNREAD = UNREAD


class FairleadCommand(BaseCommand):
    """A command whose refusals end with the code that fits them, data on stdout and talk on stderr.

    Started from a shell it first looks whether the tables are there, unless it says `needs_tables = False`.
    """

    needs_tables = True
    # What a command stands on. Not the addresses of the web, for which all pages and all of the API would be loaded:
    # that takes as long as all the rest, and 50 MB of each worker. `run_web` has them checked, and CI.
    requires_system_checks: list[str] | Literal["__all__"] = [Tags.models, Tags.files, Tags.caches, Tags.commands]
    _called_from_command_line = False  # BaseCommand sets it where a shell started us, and not for call_command

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """As its base; a text that may be left out cannot be given empty.

        `--organization "$ORG"` of a script that forgot to set ORG would else mean all of them.
        """
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        for action in parser._actions:
            if action.type is None and action.nargs != 0 and action.default is None and not action.required:
                action.type = _not_empty
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            if self.needs_tables and self._called_from_command_line:
                require_tables()
            return super().execute(*args, **options)
        except Refused as refused:
            said = refused.in_full if isinstance(refused, DatabaseFault) else str(refused)
            raise CommandError(f"{refused.code}: {said}", returncode=exit_code(refused)) from None
        except DatabaseError as error:
            fault = fault_of(error)
            if fault is not None:
                raise CommandError(f"{fault.code}: {fault.in_full}", returncode=exit_code(fault)) from error
            if not is_duplicate(error):
                raise
            told = made_meanwhile()
            raise CommandError(f"{told.code}: {told}", returncode=exit_code(told)) from error

    def print_json(self, schema: str, **values: Any) -> None:
        """One JSON object on stdout; `schema` names its shape."""
        self.stdout.write(json.dumps({"schema": f"fairlead.{schema}/1", **values}, cls=DjangoJSONEncoder, indent=2))

    def confirm(self, question: str, options: dict[str, Any]) -> None:
        """Go on after `--yes`, or after a yes on a terminal; else CommandError with exit code 7, nothing changed."""
        if options["yes"]:
            return
        if not sys.stdin.isatty():
            raise CommandError(f"{question} Add --yes to confirm.", returncode=Exit.CONFIRMATION_MISSING)
        self.stderr.write(f"{question} Type yes to go on: ", ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            raise CommandError("Nothing was changed.", returncode=Exit.CONFIRMATION_MISSING)

    def say(self, text: str) -> None:
        """Talk: what a person wants to know and a program does not read."""
        self.stderr.write(text, self.style.NOTICE)


def _not_empty(text: str) -> str:
    if not text.strip():
        raise ArgumentTypeError("it is empty; write what is meant, or leave it out")
    return text


def moment(text: str) -> datetime:
    """The type of an option that takes a time, or a day from its first moment on; without a zone in our own."""
    try:
        day = parse_date(text)
        at = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001 - made aware below
    except ValueError:  # written like one, and not in the calendar
        at = None
    if at is None:
        raise ArgumentTypeError(f"{text} is neither a day (2026-11-21) nor a time (2026-11-21T10:00:00Z)")
    try:
        return (timezone.make_aware(at) if timezone.is_naive(at) else at).astimezone(UTC)
    except OverflowError:
        raise ArgumentTypeError(f"{text} is not within the years 1 to 9999 of UTC") from None


def exit_code(refused: Refused) -> Exit:
    """The exit code that says what kind of refusal it was."""
    for kind, code in _EXITS.items():
        if isinstance(refused, kind):
            return code
    return Exit.USAGE


# The narrower kind first.
_EXITS: dict[type[Refused], Exit] = {
    NotFound: Exit.NOT_FOUND,
    NotConfirmed: Exit.CONFIRMATION_MISSING,
    Locked: Exit.LOCKED,
    StateRefused: Exit.REFUSED_BY_STATE,
    SchemaFault: Exit.UNHEALTHY,
    DatabaseFault: Exit.DEPENDENCY_DOWN,
}
