from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.halts import check_halt, halt
from campaigns_project.accounts.finding import find_organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand


class Command(FairleadCommand):
    help = (
        "Emergency stop: no mail leaves any more, of one organization or of the whole system. Nothing is lost. Exit "
        "codes: 0 stopped; 3 no such organization; 4 stopped already; 7 not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this one; without it the whole system")
        parser.add_argument("--reason", required=True, help="why; everybody reads it above every page")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be stopped")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["organization"]
        organization = find_organization(slug) if slug is not None else None
        whose = f"organization “{organization}”" if organization else "the whole system"
        check_halt(organization=organization, reason=options["reason"])
        if not options["dry_run"]:
            self.confirm(f"This stops all sending of {whose}.", options)
            actor = Actor.of_command("stop_sending")
            halt(organization=organization, reason=options["reason"], actor=actor, now=timezone.now())
        if options["json"]:
            self.print_json("stop_sending", organization=slug, dry_run=options["dry_run"], reason=options["reason"])
        else:
            would = "would be" if options["dry_run"] else "is"
            self.stdout.write(f"All sending of {whose} {would} stopped.")
