from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.models.organization import LEAST_KEPT_DAYS, MOST_KEPT_DAYS
from campaigns_project.accounts.retention import keep_for
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand

FOR_EVER = 0


class Command(FairleadCommand):
    help = (
        "Show how long an organization keeps the values of mails and the details of events, or change it. Workers "
        "clear what is older within the hour, and it does not come back. Exit codes: 0 shown or changed; 2 no number "
        "of days; 3 no such organization; 7 not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        days = f"a number of days from {LEAST_KEPT_DAYS} to {MOST_KEPT_DAYS:,}, or forever"
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose")
        parser.add_argument("--values", type=_days, metavar="DAYS", help=f"keep the values of mails for: {days}")
        parser.add_argument("--details", type=_days, metavar="DAYS", help=f"keep the details of events for: {days}")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only say what would be kept")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        given = {"values_kept_days": options["values"], "details_kept_days": options["details"]}
        wanted = {name: days or None for name, days in given.items() if days is not None}
        for name, days in wanted.items():
            setattr(organization, name, days)
        if wanted and not options["dry_run"]:
            self.confirm(f"{_told(organization)} What is older is cleared, and does not come back.", options)
            actor = Actor.of_command("retention")
            organization = keep_for(organization=organization, days=wanted, actor=actor)
        if options["json"]:
            shown = {name: getattr(organization, name) for name in given}
            self.print_json("retention", organization=organization.slug, dry_run=options["dry_run"], **shown)
        else:
            self.stdout.write(_told(organization))


def _days(text: str) -> int:
    if text == "forever":
        return FOR_EVER
    if not text.isdecimal() or not LEAST_KEPT_DAYS <= int(text) <= MOST_KEPT_DAYS:
        raise ArgumentTypeError(
            f"{text} is neither a number of days from {LEAST_KEPT_DAYS} to {MOST_KEPT_DAYS:,} nor forever"
        )
    return int(text)


def _told(organization: Organization) -> str:
    values, details = _time(organization.values_kept_days), _time(organization.details_kept_days)
    return f"{organization} keeps the values of mails {values}, the details of events {details}."


def _time(days: int | None) -> str:
    return "forever" if days is None else f"for {days:,} days"
