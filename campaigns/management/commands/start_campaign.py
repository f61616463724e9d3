from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.utils import timezone

from campaigns import lifecycle, preflight
from campaigns.finding import find_campaign
from campaigns.models import Campaign
from campaigns.preflight import Report
from campaigns.progress import progress
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand


class Command(FairleadCommand):
    help = (
        "Check every mail of a campaign and start it. Exit codes: 0 it runs; 3 no such campaign; 4 its state or the "
        "pre-flight check does not allow it, and nothing was changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        parser.add_argument("--dry-run", action="store_true", help="only say whether it could start")
        parser.add_argument("--hold-seconds", type=int, default=0, help="the first mail waits so long (default: 0)")
        parser.add_argument("--snapshot", help="of an earlier --dry-run: refused if content or audience changed since")
        parser.add_argument(
            "--accept-warnings",
            metavar="CODES",
            help="codes of warnings, by commas; any other then refuses the start (default: warnings do not)",
        )
        parser.add_argument("--message", default="", help="why, for the audit log")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = lifecycle.reread(find_campaign(options["campaign"]), "start")
        report = preflight.examine(campaign, now=timezone.now(), on_progress=self._say_progress)
        bound: dict[str, Any] = {
            "report": report,
            "snapshot": options["snapshot"],
            "accept_warnings": _codes(options["accept_warnings"]),
            "hold": _seconds(options["hold_seconds"]),
        }
        if options["dry_run"]:
            self._show_problems(campaign, report, options)
            lifecycle.check_start(campaign=campaign, now=timezone.now(), **bound)
            self._show_ready(campaign, report, options)
            return
        started = lifecycle.start(
            campaign=campaign,
            actor=Actor.of_command("start_campaign"),
            now=timezone.now(),
            reason=options["message"],
            **bound,
        )
        self._show_started(started, options)

    def _say_progress(self, mails: int) -> None:
        if mails > preflight.AT_ONCE and mails % 50_000 < preflight.AT_ONCE:
            self.say(f"{mails:,} mails checked")

    def _show_started(self, started: Campaign, options: dict[str, Any]) -> None:
        found = progress(started, now=timezone.now())
        if options["json"]:
            self.print_json("start_campaign", id=started.pk, status=started.status, progress=found.as_dict())
            return
        self.stdout.write(f"Campaign {started.pk} “{started.name}” is running: {found.ledger.planned:,} mails planned.")
        if started.hold_until:
            self.stdout.write(
                f"The first mail leaves at {started.hold_until:%H:%M:%S %Z}; until then a pause stops it."
            )
        self.say(f"See how it goes: manage.py campaign_status {started.pk} --watch")

    def _show_problems(self, campaign: Campaign, report: Report, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json("start_campaign", id=campaign.pk, dry_run=True, **report.as_dict())
        for problem in report.problems if not options["json"] else []:
            self.stdout.write(f"{problem.level:<6} {problem.code}: {problem.message} {problem.hint}")

    def _show_ready(self, campaign: Campaign, report: Report, options: dict[str, Any]) -> None:
        if not options["json"]:
            self.stdout.write(
                f"Campaign {campaign.pk} “{campaign.name}” can start: {report.rendered:,} mails checked, snapshot "
                f"{report.snapshot}. Nothing was changed."
            )


def _seconds(number: int) -> timedelta:
    try:
        return timedelta(seconds=number)
    except OverflowError:
        return timedelta.max if number > 0 else timedelta.min  # refused like all that is too long, in the same words


def _codes(text: str | None) -> list[str] | None:
    return None if text is None else [code.strip() for code in text.split(",") if code.strip()]
