from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.finding import find_campaign
from campaigns.models import Job
from campaigns.old_jobs import cutoff, old_jobs, remove_old_jobs
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand


class Command(FairleadCommand):
    help = (
        "Remove jobs that ended long ago: succeeded, failed and canceled ones, never one that may go on. Exit codes: "
        "0 done, with a count; 2 no number of days; 3 no such campaign; 7 not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--campaign", metavar="CAMPAIGN", help="of this one alone: its number, campaign ID or name")
        parser.add_argument("--days", type=int, required=True, metavar="N", help="that ended more than N days ago")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only count")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        days, now = options["days"], timezone.now()
        campaign = find_campaign(options["campaign"]) if options["campaign"] is not None else None
        jobs = Job.objects.living() if campaign is None else Job.objects.filter(campaign=campaign)
        count = old_jobs(jobs, days=days, now=now).count()
        if count and not options["dry_run"]:
            self.confirm(f"{_jobs(count)} that ended more than {_days(days)} ago will be removed.", options)
            actor = Actor.of_command("cleanup_jobs")
            count = remove_old_jobs(jobs=jobs, days=days, actor=actor, now=now, campaign=campaign)
        if options["json"]:
            before = cutoff(days=days, now=now)
            self.print_json("cleanup_jobs", dry_run=options["dry_run"], removed=count, finished_before=before)
        else:
            would = "would be " if options["dry_run"] else ""
            self.stdout.write(f"{_jobs(count)} that ended more than {_days(days)} ago {would}removed.")


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count:,} jobs"


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"
