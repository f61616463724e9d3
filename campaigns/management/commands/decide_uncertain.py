from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.finding import find_campaign
from campaigns.models import Message
from campaigns.sending.decide import Decision, decide_uncertain
from campaigns_project.accounts.finding import find_organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand

MEANS = {
    Decision.TREAT_AS_SENT: "taken as sent, and their people go on",
    Decision.SEND_AGAIN: "sent once more, and some people may get it twice",
}


class Command(FairleadCommand):
    help = (
        "Decide about uncertain mails: each has its audit row. Exit codes: 0 done, with a count; 3 no such campaign or "
        "organization; 7 not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        decision = parser.add_mutually_exclusive_group(required=True)
        decision.add_argument("--treat-as-sent", action="store_true", help="they count as sent, their people go on")
        decision.add_argument("--send-again", action="store_true", help="once more; some people may get it twice")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--campaign", metavar="CAMPAIGN", help="all of this one: its number, campaign ID or name")
        which.add_argument("--organization", metavar="SLUG", help="all of this organization")
        parser.add_argument("--message", default="", help="why, for the audit log")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only count")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        decision = Decision.SEND_AGAIN if options["send_again"] else Decision.TREAT_AS_SENT
        messages = Message.objects.uncertain()
        if options["campaign"] is not None:
            messages = messages.filter(recipient__campaign=find_campaign(options["campaign"]))
        else:
            messages = messages.for_organization(find_organization(options["organization"]))
        count = messages.count()
        if not options["dry_run"]:
            self.confirm(f"{_mails(count)}: {MEANS[decision]}.", options)
            actor = Actor.of_command("decide_uncertain")
            count = decide_uncertain(
                messages=messages, decision=decision, actor=actor, now=timezone.now(), reason=options["message"]
            )
        if options["json"]:
            self.print_json("decide_uncertain", decision=decision, dry_run=options["dry_run"], decided=count)
        else:
            would = "would be " if options["dry_run"] else ""
            self.stdout.write(f"{_mails(count)} {would}decided: {MEANS[decision]}.")


def _mails(count: int) -> str:
    return "1 uncertain mail" if count == 1 else f"{count:,} uncertain mails"
