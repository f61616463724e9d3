from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.deletion.request import require_unblocked
from campaigns.management.deleting import counts
from campaigns.management.persons import find_person
from campaigns.persons import erase_person, preview_person
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from leads.models import Lead


class Command(FairleadCommand):
    help = (
        "Erase a person: the lead with mails, events and notes, what came in about them, and every mention of their "
        "addresses; a keyed hash stays, so that no import brings them back. Drafts of imports whose file names them "
        "are discarded. Exit codes: 0 erased; 2 no reason given; 3 no such person; 4 a mail is in flight or an import "
        "is under way; 7 not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", metavar="ADDRESS", help="of the lead")
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose lead it is")
        parser.add_argument("--confirm", metavar="ADDRESS", help="the same once more; without it nothing is removed")
        parser.add_argument("--reason", default="", help="why; needed, and kept for good, so name nobody in it")
        parser.add_argument("--dry-run", action="store_true", help="only count what would be removed")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        lead = find_person(options["organization"], options["address"])
        if options["dry_run"]:
            self._show_dry_run(lead, options)
            return
        if options["confirm"] is None:
            raise CommandError(
                f"This erases lead {lead.pk} for ever. To confirm, add the address and why: "
                f'--confirm {lead.email} --reason "…"',
                returncode=Exit.CONFIRMATION_MISSING,
            )
        removed = erase_person(
            lead=lead,
            confirm_name=options["confirm"],
            reason=options["reason"],
            actor=Actor.of_command("erase_person"),
            now=timezone.now(),
        )
        if options["json"]:
            self.print_json("erase_person", dry_run=False, lead=lead.pk, removed=removed)
        else:
            self.stdout.write(f"Erased lead {lead.pk}: {counts(removed)}.")

    def _show_dry_run(self, lead: Lead, options: dict[str, Any]) -> None:
        impact = preview_person(lead=lead, now=timezone.now())
        if options["json"]:
            self.print_json("erase_person", dry_run=True, lead=lead.pk, **impact.as_dict())
        else:
            for blocker in impact.blockers:
                self.stdout.write(f"Cannot be erased now: {blocker.message}")
            self.stdout.write(f"Would erase lead {lead.pk}: {counts(impact.removed)}. Nothing was changed.")
        require_unblocked(impact)
