from argparse import ArgumentParser
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.deletion import Impact, delete_some, preview, request_deletion
from campaigns.deletion.export import export_campaign
from campaigns.deletion.request import (
    open_deletion,
    require_confirmation,
    require_not_deleting,
    require_unblocked,
)
from campaigns.deletion.work import require_free
from campaigns.finding import find_deletable
from campaigns.management.deleting import DeletingCommand
from campaigns.models import Campaign, Job
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit
from campaigns_project.errors import StateRefused


class Command(DeletingCommand):
    help = (
        "Delete a campaign with every row that belongs to it; leads, suppressions and the audit log stay. One that was "
        "broken off is gone on with. Exit codes: 0 gone; 2 no reason; 3 no such campaign; 4 something has to end "
        "first; 5 gone, but something was left; 6 a table is missing; 7 the name was not confirmed; 8 the database "
        "cannot be used; 9 somebody else deletes it now."
    )
    schema = "delete_campaign"
    what = "campaign"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        super().add_arguments(parser)
        parser.add_argument("--export", metavar="DIR", type=Path, help="write everything to a ZIP in this folder first")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_deletable(options["campaign"])
        job = open_deletion(campaign.pk)
        if job:
            require_free(job)
        if options["dry_run"]:
            self.show_dry_run(campaign.name, preview(campaign=campaign, now=timezone.now()), options)
            return
        self.require_name(campaign.name, options)
        if job and options["export"]:
            raise StateRefused(
                "export_too_late",
                f"The deletion of campaign {campaign.pk} has begun: what is left of it is not the whole.",
                "Go on without --export.",
            )
        self.work_to_the_end(job or self._ask(campaign, options), options)

    def go_on(self, *, job_id: int, now: datetime, budget: timedelta) -> bool:
        return delete_some(job_id=job_id, now=now, budget=budget)

    def _ask(self, campaign: Campaign, options: dict[str, Any]) -> Job:
        """Counted once, before the export: what has come in since was not exported, and is not deleted unseen."""
        seen = preview(campaign=campaign, now=timezone.now())
        if options["export"]:
            self._export(campaign, seen, options)
        return request_deletion(
            campaign=campaign,
            confirm_name=options["confirm"],
            token=seen.token,
            reason=options["reason"],
            actor=Actor.of_command("delete_campaign"),
            now=timezone.now(),
            by_worker=False,
        )

    def _export(self, campaign: Campaign, seen: Impact, options: dict[str, Any]) -> None:
        """Only what would be deleted in the next moment, and is still whole."""
        require_not_deleting(campaign)
        require_confirmation(name=campaign.name, confirm_name=options["confirm"], reason=options["reason"])
        require_unblocked(seen)
        actor = Actor.of_command("delete_campaign")
        try:
            path = export_campaign(campaign=campaign, into=options["export"], actor=actor, now=timezone.now())
        except OSError as error:
            raise CommandError(f"The export cannot be written: {error}", returncode=Exit.DEPENDENCY_DOWN) from error
        self.say(f"Everything is in {path}")
