from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.models import CampaignPlan
from campaigns.ops.plans import standing
from campaigns.ops.switch import require_operations
from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.models import Organization
from campaigns_project.commands import FairleadCommand
from campaigns_project.errors import NotFound


class Command(FairleadCommand):
    help = (
        "Say how a plan stands: its target, its campaigns, and weeks that ask for more mails than the senders allow. "
        "Exit codes: 0; 3 no such organization or plan."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        ways = parser.add_subparsers(dest="way", required=True, metavar="show")
        showing = ways.add_parser("show", help="how it stands")
        showing.add_argument("plan", metavar="PLAN", help="its number or exact name")
        showing.add_argument("--organization", required=True, metavar="SLUG")
        showing.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        require_operations()
        plan = _find(find_organization(options["organization"]), options["plan"])
        found = standing(plan, now=timezone.now())
        if options["json"]:
            self.print_json("plan", id=plan.pk, name=plan.name, **found.as_dict())
            return
        self.stdout.write(f"{plan.name}, {plan.starts_on} to {plan.ends_on}")
        if found.target is not None:
            self.stdout.write(f"  {found.actual:>9,} of {found.target:,} {plan.get_target_metric_display()}")
        budget = f" of {found.budget:,} budgeted" if found.budget is not None else ""
        self.stdout.write(f"  {found.touches:>9,} mails sent{budget}")
        for strip in found.strips:
            when = f"since {strip.starts_on}" if strip.starts_on else "not started"
            self.stdout.write(f"  {strip.campaign.name}: {strip.campaign.get_status_display().lower()}, {when}")
        for conflict in found.conflicts:
            self.stdout.write(self.style.WARNING(f"  {conflict.sentence}"))


def _find(organization: Organization, named: str) -> CampaignPlan:
    mine = CampaignPlan.objects.for_organization(organization).select_related("organization")
    found = mine.filter(pk=int(named)).first() if named.isdecimal() and len(named) < 19 else None
    found = found or mine.filter(name=named).first()
    if found is None:
        known = ", ".join(mine.values_list("name", flat=True)[:10]) or "none yet"
        raise NotFound("plan_not_found", f"There is no plan “{named}”.", f"There are: {known}.")
    return found
