from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from campaigns.deletion import erase_some, preview_organization, request_erasure
from campaigns.deletion.organization import open_erasure
from campaigns.deletion.work import require_free
from campaigns.management.deleting import DeletingCommand
from campaigns.models import Job
from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor


class Command(DeletingCommand):
    help = (
        "Erase an organization with everything it has: campaigns, leads, suppressions, senders, API keys. The audit "
        "log and the tombstones stay. Exit codes as of delete_campaign."
    )
    schema = "erase_organization"
    what = "organization"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organization", metavar="SLUG", help="its short name")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        job = open_erasure(organization.pk)
        if job:
            require_free(job)
        if options["dry_run"]:
            self.show_dry_run(
                organization.name, preview_organization(organization=organization, now=timezone.now()), options
            )
            return
        self.require_name(organization.name, options)
        self.work_to_the_end(job or self._request(organization, options), options)

    def go_on(self, *, job_id: int, now: datetime, budget: timedelta) -> bool:
        return erase_some(job_id=job_id, now=now, budget=budget)

    def _request(self, organization: Organization, options: dict[str, Any]) -> Job:
        return request_erasure(
            organization=organization,
            confirm_name=options["confirm"],
            token=preview_organization(organization=organization, now=timezone.now()).token,
            reason=options["reason"],
            actor=Actor.of_command("erase_organization"),
            now=timezone.now(),
            by_worker=False,
        )
