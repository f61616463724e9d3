from argparse import ArgumentParser
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.utils import timezone

from campaigns.management.commands.metrics import day
from campaigns.ops.calendar import EntryKind, calendar
from campaigns.ops.switch import require_operations
from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.timezones import zone_of
from campaigns_project.commands import FairleadCommand

MONTH = timedelta(days=30)


class Command(FairleadCommand):
    help = (
        "What stands in the calendar of an organization, day by day. Exit codes: 0; 2 the time makes no sense; 3 no "
        "such organization."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        ways = parser.add_subparsers(dest="way", required=True, metavar="list")
        listing = ways.add_parser("list", help="from day to day")
        listing.add_argument("--from", dest="first", type=day, metavar="DAY", help="without it today")
        listing.add_argument("--to", dest="last", type=day, metavar="DAY", help="without it 30 days later")
        listing.add_argument("--kind", action="append", choices=EntryKind.values, help="may be given again")
        listing.add_argument("--organization", required=True, metavar="SLUG")
        listing.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        require_operations()
        organization, now = find_organization(options["organization"]), timezone.now()
        first = options["first"] or now.astimezone(zone_of(organization.timezone)).date()
        last = options["last"] or first + MONTH
        found = calendar(organization, first=first, last=last, now=now, kinds=options["kind"] or ())
        if options["json"]:
            entries = [asdict(entry) for entry in found.entries]
            self.print_json("calendar", timezone=organization.timezone, is_partial=found.is_partial, entries=entries)
            return
        for entry in found.entries:
            until = f" to {entry.ends_on}" if entry.ends_on != entry.date else ""
            self.stdout.write(f"{entry.date:%a %Y-%m-%d}{until}  {entry.kind.label}: {entry.title}")
        if found.is_partial:
            self.say("There is more of a kind than is shown.")
