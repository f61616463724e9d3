from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError

from campaigns_project.accounts.finding import find_organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand, moment
from campaigns_project.webhooks.resending import resend_missed


class Command(FairleadCommand):
    help = (
        "Send webhooks again that did not come through, after a receiver was away: those that failed every try and "
        "those that were abandoned as their endpoint was disabled. Receivers know them by the same webhook-id. Exit "
        "codes: 0 done, with counts; 3 no such organization or endpoint; 4 every endpoint is disabled, enable it first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose webhooks")
        parser.add_argument(
            "--since", required=True, type=moment, metavar="TIME", help="events from then on, e.g. 2026-11-20T08:00Z"
        )
        parser.add_argument("--endpoint", type=int, metavar="NUMBER", help="only this one; else all of them")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only count")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        found = resend_missed(
            organization=find_organization(options["organization"]),
            since=options["since"],
            endpoint_id=options["endpoint"],
            actor=Actor.of_command("resend_webhooks"),
            dry_run=options["dry_run"],
        )
        if options["json"]:
            self.print_json("resend_webhooks", dry_run=options["dry_run"], endpoints=[each.as_dict() for each in found])
        else:
            for each in found:
                told = "is disabled: enable it first" if each.skipped else f"{each.deliveries:,} to be sent again"
                self.stdout.write(f"{each.endpoint:>6}  {each.name}: {told}")
            if not found:
                self.stdout.write("There is no endpoint.")
        if found and all(each.skipped for each in found):
            raise CommandError("Nothing was sent again.", returncode=Exit.REFUSED_BY_STATE)
