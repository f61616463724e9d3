from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.finding import find_campaign
from campaigns.models import Campaign, Sender
from campaigns.preflight.examples import worst_case
from campaigns.sending.trial import find_wording, send_test
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.errors import NotFound
from leads.models import Lead


class Command(FairleadCommand):
    help = (
        "Send a test of a campaign's mail to your own address: not tracked, not counted, opting out does nothing. Exit "
        "codes: 0 sent; 3 no such campaign, step, lead or sender; 4 refused by state; 5 the mail server refused one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        parser.add_argument("--to", action="append", required=True, metavar="ADDRESS", help="may be given five times")
        parser.add_argument("--step", type=int, default=1, help="position of the step (default: 1)")
        parser.add_argument("--variant", default="", metavar="LABEL", help="default: the first active one")
        parser.add_argument("--lead", metavar="ADDRESS", help="write it as this lead (default: the first recipient)")
        parser.add_argument("--worst-case", action="store_true", help="write it as the recipient we know least about")
        parser.add_argument("--sender", metavar="ADDRESS", help="send it from here (default: the campaign's first)")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"])
        results = send_test(
            variant=find_wording(campaign, position=options["step"], label=options["variant"]),
            lead=worst_case(campaign) if options["worst_case"] else _lead(campaign, options["lead"]),
            sender=_sender(campaign, options["sender"]),
            to=options["to"],
            actor=Actor.of_command("send_test"),
            now=timezone.now(),
        )
        if options["json"]:
            self.print_json("send_test", id=campaign.pk, results=[asdict(result) for result in results])
        for result in results if not options["json"] else []:
            self.stdout.write(f"{result.address}: {result.sentence}")
        refused = [result.address for result in results if not result.is_sent]
        if refused:
            raise CommandError(f"not_sent: {', '.join(refused)}", returncode=Exit.SOME_FAILED)


def _lead(campaign: Campaign, address: str | None) -> Lead | None:
    if address is None:
        return None
    found = Lead.objects.for_organization(campaign.organization).filter(email_normalized=address.strip().lower())
    return _found(found.first(), f"lead {address}")


def _sender(campaign: Campaign, address: str | None) -> Sender | None:
    if address is None:
        return None
    found = Sender.objects.for_organization(campaign.organization).filter(email__iexact=address.strip())
    return _found(found.first(), f"sender {address}")


def _found[Row](row: Row | None, what: str) -> Row:
    if row is None:
        raise NotFound("not_found", f"There is no {what} in the campaign's organization.")
    return row
