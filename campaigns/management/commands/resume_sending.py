from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.halts import lift
from campaigns.models import SendingHalt
from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand
from campaigns_project.errors import StateRefused


class Command(FairleadCommand):
    help = (
        "Lift an emergency stop: mails that came due meanwhile leave first. Exit codes: 0 lifted; 3 no such "
        "organization; 4 none is in force; 7 not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="the stop of this one; without it the system's")
        parser.add_argument("--message", default="", help="why, for the audit log")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be lifted")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["organization"]
        halted = _in_force(find_organization(slug) if slug is not None else None)
        whose = f"organization “{halted.organization}”" if halted.organization else "the whole system"
        if not options["dry_run"]:
            self.confirm(f"Mail of {whose} leaves again (it was stopped for: {halted.reason}).", options)
            actor = Actor.of_command("resume_sending")
            lift(halted=halted, actor=actor, now=timezone.now(), reason=options["message"])
        if options["json"]:
            self.print_json("resume_sending", organization=slug, dry_run=options["dry_run"], id=halted.pk)
        else:
            verb = "would leave" if options["dry_run"] else "leaves"
            self.stdout.write(f"Mail of {whose} {verb} again.")


def _in_force(organization: Organization | None) -> SendingHalt:
    in_force = SendingHalt.objects.in_force().select_related("organization")
    halted = in_force.filter(organization=organization).first()
    if halted is None:
        others = ", ".join(str(each.organization or "the whole system") for each in in_force)
        hint = f"In force are those of: {others}." if others else "None is in force anywhere."
        raise StateRefused("not_halted", "There is no such emergency stop in force.", hint)
    return halted
