from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from campaigns.deletion import delete_some, preview, request_deletion
from campaigns.deletion.request import open_deletion
from campaigns.deletion.work import require_free
from campaigns.finding import find_deletable
from campaigns.management.deleting import DeletingCommand
from campaigns.models import Campaign, Job
from campaigns_project.audit.actors import Actor


class Command(DeletingCommand):
    help = (
        "Delete a campaign with every row that belongs to it; leads, suppressions and the audit log stay. One that was "
        "broken off is gone on with. Exit codes: 0 gone; 3 no such campaign; 4 something has to end first; 5 gone, but "
        "something was left; 6 a table is missing; 7 the name was not confirmed; 8 the database cannot be used; 9 "
        "somebody else deletes it now."
    )
    schema = "delete_campaign"
    what = "campaign"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_deletable(options["campaign"])
        job = open_deletion(campaign.pk)
        if job:
            require_free(job)
        if options["dry_run"]:
            self.show_dry_run(campaign.name, preview(campaign=campaign, now=timezone.now()), options)
            return
        self.require_name(campaign.name, options)
        self.work_to_the_end(job or self._request(campaign, options), options)

    def go_on(self, *, job_id: int, now: datetime, budget: timedelta) -> bool:
        return delete_some(job_id=job_id, now=now, budget=budget)

    def _request(self, campaign: Campaign, options: dict[str, Any]) -> Job:
        return request_deletion(
            campaign=campaign,
            confirm_name=options["confirm"],
            token=preview(campaign=campaign, now=timezone.now()).token,
            reason=options["reason"],
            actor=Actor.of_command("delete_campaign"),
            now=timezone.now(),
            by_worker=False,
        )
