from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.finding import find_campaign
from campaigns.sending.retry import retry_failed
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand


class Command(FairleadCommand):
    help = (
        "Send a campaign's failed mails again, and only those: never to somebody who bounced, opted out or left. Exit "
        "codes: 0 done, with counts; 2 no mail can have failed for such a reason; 3 no such campaign; 4 it is neither "
        "running nor paused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        parser.add_argument(
            "--reason", action="append", metavar="CODE", help="only mails that failed for this; may be given again"
        )
        parser.add_argument("--message", default="", help="why, for the audit log")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only count")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"])
        done = retry_failed(
            campaign=campaign,
            actor=Actor.of_command("retry_failed"),
            now=timezone.now(),
            reasons=options["reason"],
            reason=options["message"],
            dry_run=options["dry_run"],
        )
        if options["json"]:
            self.print_json("retry_failed", id=campaign.pk, dry_run=options["dry_run"], **done.as_dict())
            return
        verb = "would wait" if options["dry_run"] else "wait"
        self.stdout.write(f"{done.retried:,} failed mails of “{campaign.name}” {verb} to be sent again.")
        for code, number in done.skipped.items():
            self.stdout.write(f"  {number:>9,} stay out: {code}")
