from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.providers.instantly.discover import Discovered, discover, take_over
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.errors import NotFound


class Command(FairleadCommand):
    help = (
        "List the campaigns of an organization's Instantly workspace, and take over those that were made there, so "
        "that their figures are kept here. Nothing changes at Instantly. Exit codes: 0 done; 2 usage; 3 no such "
        "organization or campaign; 4 there is no key, or Instantly refuses it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="SLUG", help="the organization's short name")
        parser.add_argument("--take", action="append", default=[], metavar="ID", help="a number there; once for each")
        parser.add_argument("--all", action="store_true", help="take over all that are not known here")
        parser.add_argument("--dry-run", action="store_true", help="only list")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["take"] and options["all"]:
            raise CommandError("Give --take or --all, not both.", returncode=Exit.USAGE)
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            message = f"There is no organization “{options['organization']}”."
            raise NotFound("organization_not_found", message, "Give its short name.")
        made: list[Campaign] = []
        if (options["take"] or options["all"]) and not options["dry_run"]:
            made = take_over(
                organization=organization,
                numbers=options["take"] or None,
                actor=Actor.of_command("discover_campaigns"),
                now=timezone.now(),
            )
        self._show(discover(organization), made, options)

    def _show(self, found: list[Discovered], made: list[Campaign], options: dict[str, Any]) -> None:
        if options["json"]:
            listed = [each.as_json() for each in found]
            self.print_json("discover_campaigns", campaigns=listed, taken_over=[each.pk for each in made])
            return
        for each in found:
            here = f"campaign {each.campaign}" if each.campaign else "not known here"
            self.stdout.write(f"{each.id}  {each.status}  {each.name}  ({here})")
        self.say(f"{len(found):,} campaigns at Instantly, {len(made):,} taken over now.")
