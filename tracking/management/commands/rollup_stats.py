from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import DataError
from django.utils import timezone

from campaigns.finding import find_campaign
from campaigns.models import Campaign
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from tracking.days import RolledUp, roll_up


class Command(FairleadCommand):
    help = (
        "Count the counters and the days of a campaign, or of all, anew from the ledger, and keep what was counted. "
        "Safe while workers run. Exit codes: 0 done, or a dry run found nothing wrong; 2 neither a campaign nor --all, "
        "or several campaigns have this name; 3 no such campaign; 5 some could not be counted, the others are done; "
        "6 a dry run found what is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("campaign", metavar="CAMPAIGN", nargs="?", help="its number, campaign ID or exact name")
        which.add_argument("--all", action="store_true", help="every campaign")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only say what differs")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        failed: list[tuple[Campaign, str]] = []
        done: list[RolledUp] = []
        for campaign in _asked(options):
            try:
                done.append(
                    roll_up(
                        campaign=campaign,
                        actor=Actor.of_command("rollup_stats"),
                        now=timezone.now(),
                        dry_run=options["dry_run"],
                    )
                )
            except DataError as error:  # one campaign's own trouble; what is everybody's ends the command
                failed.append((campaign, str(error).strip()))
        self._tell(done, failed, options)
        if failed:
            raise CommandError(
                f"{len(failed)} of {len(failed) + len(done)} campaigns could not be counted.",
                returncode=Exit.SOME_FAILED,
            )
        if options["dry_run"] and any(each.is_drift for each in done):
            raise CommandError(
                "What is kept is not what counting gives. Mend it: manage.py rollup_stats", returncode=Exit.UNHEALTHY
            )

    def _tell(self, done: list[RolledUp], failed: list[tuple[Campaign, str]], options: dict[str, Any]) -> None:
        different = [each for each in done if each.differs]
        if options["json"]:
            self.print_json(
                "rollup_stats",
                dry_run=options["dry_run"],
                campaigns=len(done),
                different=[each.as_dict() for each in different],
                failed=[{"campaign": campaign.pk, "message": message} for campaign, message in failed],
            )
            return
        for campaign, message in failed:
            self.say(f"Campaign {campaign.pk} “{campaign.name}”: {message}")
        for each in different:
            self.stdout.write(f"Campaign {each.campaign} “{each.name}”:{_behind(each)}")
            for line in _lines(each):
                self.stdout.write(f"  {line}")
        self.stdout.write(_summary(len(done), len(different), options["dry_run"]))


def _asked(options: dict[str, Any]) -> Iterator[Campaign]:
    if not options["all"]:
        yield find_campaign(options["campaign"])
        return
    yield from Campaign.objects.living().order_by("pk").iterator()


def _behind(each: RolledUp) -> str:
    return " something has happened since its days were counted" if each.days and each.days_are_behind else ""


def _lines(each: RolledUp) -> Iterator[str]:
    for counter in each.counters:
        yield f"{counter.name}: {counter.kept:,} kept, {counter.counted:,} counted"
    for day in each.days:
        yield f"{day.day:%Y-%m-%d} {day.name}: {day.kept:,} kept, {day.counted:,} counted"


def _summary(campaigns: int, different: int, is_dry_run: bool) -> str:
    looked = "1 campaign" if campaigns == 1 else f"{campaigns:,} campaigns"
    if not different:
        return f"{looked} counted: everything is as it was kept."
    kept = "Nothing was changed." if is_dry_run else "Kept as counted."
    return f"{looked} counted, {different:,} of them otherwise than kept. {kept}"
