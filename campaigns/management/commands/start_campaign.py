from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns import lifecycle, preflight
from campaigns.errors import StartRefused
from campaigns.finding import find_campaign
from campaigns.progress import progress
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand


class Command(FairleadCommand):
    help = (
        "Start a campaign. Exit codes: 0 it runs; 3 no such campaign; 4 its state or the pre-flight check does not "
        "allow it, and nothing was changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        parser.add_argument("--dry-run", action="store_true", help="only say whether it could start")
        parser.add_argument("--message", default="", help="why, for the audit log")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"])
        if options["dry_run"]:
            self._check(campaign, options)
            return
        started = lifecycle.start(
            campaign=campaign, actor=Actor.of_command("start_campaign"), now=timezone.now(), reason=options["message"]
        )
        found = progress(started, now=timezone.now())
        if options["json"]:
            self.print_json("start_campaign", id=started.pk, status=started.status, progress=found.as_dict())
        else:
            self.stdout.write(
                f"Campaign {started.pk} “{started.name}” is running: {found.ledger.planned} mails planned."
            )
            self.say(f"See how it goes: manage.py campaign_status {started.pk} --watch")

    def _check(self, campaign: Any, options: dict[str, Any]) -> None:
        lifecycle.reread(campaign, "start")
        problems = [problem.as_dict() for problem in preflight.check(campaign)]
        if options["json"]:
            self.print_json("start_campaign", id=campaign.pk, dry_run=True, problems=problems)
        for problem in problems if not options["json"] else []:
            self.stdout.write(f"{problem['level']:<6} {problem['code']}: {problem['message']} {problem['hint']}")
        if any(problem["level"] == "block" for problem in problems):
            raise StartRefused(problems)
        if not options["json"]:
            self.stdout.write(f"Campaign {campaign.pk} “{campaign.name}” can start. Nothing was changed.")
