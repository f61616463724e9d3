from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from campaigns.de_enrollment import ask_for_run, work_on_run
from campaigns.de_enrollment.naming import leads_named
from campaigns.finding import find_campaign
from campaigns.models import DeEnrollmentLog, DeEnrollmentRun
from campaigns_project.accounts.finding import find_organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand

SHOWN = 20


class Command(FairleadCommand):
    help = (
        "Take people out of campaigns: whoever opted out, complained, bounced, was suppressed, replied, booked or has "
        "had every mail and is in one all the same; or the people named. Exit codes: 0 done, with counts; 2 bad "
        "usage; 3 no such campaign, organization or lead, and nobody was taken out; 4 the campaign has ended; 7 not "
        "confirmed; 9 another worker is at this run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--campaign", metavar="CAMPAIGN", help="only this one: its number, campaign ID or name")
        where.add_argument("--organization", metavar="SLUG", help="all campaigns of this one that have not ended")
        parser.add_argument(
            "leads", nargs="*", metavar="LEAD", help="only these people, whatever they did: numbers or addresses"
        )
        parser.add_argument("--reason", default="", help="why, for the audit log")
        parser.add_argument("--dry-run", action="store_true", help="take nobody out, only say who would be")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"]) if options["campaign"] is not None else None
        organization = campaign.organization if campaign else find_organization(options["organization"])
        people = leads_named(organization, options["leads"]) if options["leads"] else None
        if not options["dry_run"]:
            whom = "Whoever must not be in any more" if people is None else f"{len(people):,} named"
            where = f"“{campaign}”" if campaign else f"all campaigns of {organization}"
            self.confirm(f"{whom} will leave {where}, and cannot be put back.", options)
        run = ask_for_run(
            organization=organization,
            campaign=campaign,
            lead_ids=people,
            dry_run=options["dry_run"],
            reason=options["reason"],
            actor=Actor.of_command("de_enroll"),
            now=timezone.now(),
            in_background=False,
        )
        work_on_run(run_id=run.pk, now=timezone.now())
        run.refresh_from_db()
        if run.finished_at is None:
            raise CommandError(f"Run {run.pk} is with another worker, who goes on.", returncode=Exit.LOCKED)
        self._show(run, options)

    def _show(self, run: DeEnrollmentRun, options: dict[str, Any]) -> None:
        if options["json"]:
            counts = ("scanned", "found", "removed", "already_out", "cleared", "by_reason", "lag_p50", "lag_p95")
            told = {name: getattr(run, name) for name in (*counts, "lag_most")}
            self.print_json("de_enroll", run=run.pk, dry_run=run.is_dry_run, status=run.status, **told)
            return
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in run.by_reason.items())
        number = sum(run.by_reason.values())
        verb = "would leave" if run.is_dry_run else "left"
        self.stdout.write(f"{run.scanned:,} looked at, {number:,} {verb}{f': {reasons}' if reasons else ''}.")
        if run.already_out or run.cleared:
            self.stdout.write(f"{run.already_out:,} had left already, {run.cleared:,} had no reason any more.")
        if run.lag_p50 is not None and run.lag_most is not None:
            self.stdout.write(f"Late by {run.lag_p50:.0f} s for half of them, {run.lag_most:.0f} s at most.")
        if run.is_dry_run:
            self._show_people(run)

    def _show_people(self, run: DeEnrollmentRun) -> None:
        logs = DeEnrollmentLog.objects.filter(run=run).select_related("recipient__campaign").order_by("pk")
        for log in logs[:SHOWN]:
            self.stdout.write(f"  {log.recipient.email_address}, “{log.recipient.campaign}”: {log.reason}")
        if run.found > SHOWN:
            self.stdout.write(f"  and {run.found - SHOWN:,} more")
