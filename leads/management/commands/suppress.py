import sys
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from leads.imports.lists import Listed, listed
from leads.models import GIVEN_REASONS, SuppressionReason
from leads.suppression import (
    Entry,
    EntryState,
    check,
    held_back,
    in_words,
    look_at,
    require_future,
    require_scope,
    suppress_many,
)


class Command(FairleadCommand):
    help = (
        "Never write to these addresses or domains again; with --check, only say whether they may be written to. Exit "
        "codes: 0 done, or all may be; 2 an option or file cannot be used; 3 no such organization or campaign; 4 with "
        "--check: some may not be written to; 5 some entries are neither an address nor a domain and were left out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "entries", nargs="*", metavar="ENTRY", help="an address, or a domain: everybody at exactly its name"
        )
        parser.add_argument("--organization", required=True, metavar="SLUG", help="who does not write to them")
        parser.add_argument(
            "--file",
            metavar="FILE",
            help="a text file with one entry a line, or a CSV with a column of them; - reads standard input",
        )
        parser.add_argument(
            "--check", action="store_true", help="change nothing, only ask; of a domain, about everybody"
        )
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only count what would be added")
        parser.add_argument(
            "--reason",
            choices=[reason for reason, _ in GIVEN_REASONS],
            default="manual",
            help="why, where no column of the file says another one that weighs as much; manual where nothing is said",
        )
        parser.add_argument("--source", default="", help="what led to it")
        parser.add_argument("--campaign", type=int, metavar="ID", help="only for this campaign")
        parser.add_argument("--until", metavar="WHEN", help="a day or time (RFC 3339) from which on it forbids nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        if options["campaign"] is not None:
            require_scope(organization, options["campaign"])
        found = listed(_text(options["file"])) if options["file"] else Listed([])
        entries = [*options["entries"], *found.lines]
        options["reasons"] = [*[None] * len(options["entries"]), *found.reasons]
        if not entries:
            raise CommandError("Name at least one address or domain, or a --file.", returncode=Exit.USAGE)
        options["until"] = _time(options["until"])
        require_future(options["until"], timezone.now())
        act = self._check if options["check"] else self._look if options["dry_run"] else self._suppress
        act(organization, entries, options)

    def _check(self, organization: Organization, entries: list[str], options: dict[str, Any]) -> None:
        asked = [entry.strip() for entry in entries if entry.strip()]
        now = timezone.now()
        answers = check(organization=organization, addresses=asked, now=now, campaign_id=options["campaign"])
        targets = {each.target for each in answers if each.target}
        held = held_back(organization=organization, targets=targets, now=now)
        told = [
            {
                "address": each.asked,
                "allowed": each.is_allowed,
                "code": each.code,
                "only_in_campaigns": sorted({one.campaign_id for one in held.get(each.target, []) if one.campaign_id}),
            }
            for each in answers
        ]
        if options["json"]:
            self.print_json("suppression_check", results=told)
        else:
            for each in told:
                self.stdout.write(_answer(each))
        if not all(each.is_allowed for each in answers):
            sys.exit(Exit.REFUSED_BY_STATE)

    def _look(self, organization: Organization, entries: list[str], options: dict[str, Any]) -> None:
        outlook = look_at(
            organization=organization,
            texts=entries,
            now=timezone.now(),
            campaign_id=options["campaign"],
            reason=SuppressionReason(options["reason"]),
            reasons=options["reasons"],
        )
        numbers: dict[str, Any] = {
            "added": outlook.count(EntryState.NEW),
            "known": outlook.count(EntryState.KNOWN),
            "twice": outlook.count(EntryState.TWICE),
            "active": outlook.active,
            "leads": outlook.leads,
        }
        if options["json"]:
            numbers["reasons"] = outlook.reasons
        elif outlook.reasons:
            self.stdout.write(f"With a reason of their own: {in_words(outlook.reasons)}.")
        self._tell(numbers, outlook.of(EntryState.INVALID), options, f"About {outlook.stops} Nothing was changed.")

    def _suppress(self, organization: Organization, entries: list[str], options: dict[str, Any]) -> None:
        done = suppress_many(
            organization=organization,
            texts=entries,
            reason=SuppressionReason(options["reason"]),
            reasons=options["reasons"],
            source=options["source"] or "manage.py suppress",
            campaign_id=options["campaign"],
            expires_at=options["until"],
            actor=Actor.of_command("suppress"),
            at=timezone.now(),
        )
        numbers = {"added": done.added, "known": done.known, "twice": done.twice, "active": done.active}
        people = "1 person" if done.active == 1 else f"{done.active:,} people"
        self._tell(numbers, done.invalid, options, f"{people} left their campaigns.")

    def _tell(self, numbers: dict[str, Any], invalid: list[Entry], options: dict[str, Any], whom: str) -> None:
        left_out = [{"line": entry.line, "entry": entry.text, "message": entry.error} for entry in invalid]
        if options["json"]:
            self.print_json("suppress", dry_run=options["dry_run"], **numbers, invalid=left_out)
        else:
            self.stdout.write(", ".join(f"{numbers[name]:,} {name}" for name in ("added", "known", "twice")) + ".")
            self.stdout.write(whom)
        for each in left_out:
            self.say(f"Entry {each['line']} was left out: {each['message']}")
        if left_out:
            sys.exit(Exit.SOME_FAILED)


def _answer(told: dict[str, Any]) -> str:
    """A line; what holds in single campaigns is worth saying only where it is not forbidden everywhere."""
    line = f"{'yes' if told['allowed'] else 'no'}  {told['address']}  {told['code']}".rstrip()
    numbers = ", ".join(str(number) for number in told["only_in_campaigns"])
    return f"{line}  but not in campaign {numbers}" if numbers and told["allowed"] else line


def _text(name: str) -> str:
    if name == "-":
        return sys.stdin.read()
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}", returncode=Exit.USAGE) from None


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = parse_datetime(text) or parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"“{text}” is neither a day nor a time: write 2027-01-31.", returncode=Exit.USAGE)
    moment = found if isinstance(found, datetime) else datetime.combine(found, datetime.min.time())
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
