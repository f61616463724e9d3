import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from campaigns.finding import find_campaign
from campaigns.models import Campaign, CampaignStatus
from campaigns.progress import Progress, progress
from campaigns_project.accounts.finding import find_organization
from campaigns_project.commands import Exit, FairleadCommand

WATCH_SECONDS = 2
PLACES = ("waiting", "in_flight", "sent", "failed", "skipped", "uncertain")
LISTED = 100  # campaigns; more are found by organization and status


class Command(FairleadCommand):
    help = (
        "Say how a campaign is doing: its state, its ledger, what comes next, and why. Without one: which there are. "
        "Exit codes: 0; 2 several campaigns have this name; 3 no such campaign or organization."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "campaign", nargs="?", metavar="CAMPAIGN", help="its number, campaign ID or exact name; none: list them"
        )
        parser.add_argument("--organization", metavar="SLUG", help="list only those of this one")
        parser.add_argument("--status", choices=CampaignStatus.values, help="list only these")
        parser.add_argument("--watch", action="store_true", help="again every two seconds until it has ended")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["campaign"] is None:
            self._list(options)
            return
        if options["organization"] or options["status"]:
            raise CommandError("--organization and --status are for the list.", returncode=Exit.USAGE)
        campaign = find_campaign(options["campaign"])
        self._show(campaign, options)
        while options["watch"] and campaign.status not in CampaignStatus.ended:
            time.sleep(WATCH_SECONDS)
            campaign = find_campaign(str(campaign.pk))
            self.stdout.write("")
            self._show(campaign, options)

    def _list(self, options: dict[str, Any]) -> None:
        if options["watch"]:
            raise CommandError("--watch is of one campaign: name it.", returncode=Exit.USAGE)
        rows = Campaign.objects.living().select_related("organization").order_by("-pk")
        if options["organization"]:
            rows = rows.for_organization(find_organization(options["organization"]))
        if options["status"]:
            rows = rows.filter(status=options["status"])
        found = list(rows[: LISTED + 1])
        if options["json"]:
            campaigns = [_row(campaign) for campaign in found[:LISTED]]
            self.print_json("campaigns", campaigns=campaigns, is_complete=len(found) <= LISTED)
            return
        for each in found[:LISTED]:
            told = f"{each.pk:>6} {each.get_status_display():<10} {each.emails_sent:>9,} sent  {each.name}"
            self.stdout.write(f"{told} ({each.campaign_id}, {each.organization.slug})")
        if len(found) > LISTED:
            self.say(f"There are more than these {LISTED}: narrow it with --organization or --status.")
        elif not found:
            self.say("There is no campaign.")

    def _show(self, campaign: Campaign, options: dict[str, Any]) -> None:
        found = progress(campaign, now=timezone.now(), exactly=True)
        if options["json"]:
            values = {"id": campaign.pk, "campaign_id": campaign.campaign_id, "name": campaign.name}
            self.print_json(
                "campaign_status", **values, status=campaign.status, **found.as_dict(), sending=found.standing.as_dict()
            )
        else:
            self._print(campaign, found)

    def _print_gates(self, found: Progress) -> None:
        for gate in found.standing.gates:
            mark = self.style.SUCCESS("ok   ") if gate.ok else self.style.WARNING("shut ")
            self.stdout.write(f"  {mark} {gate.code.value:<22} {gate.sentence}")

    def _print(self, campaign: Campaign, found: Progress) -> None:
        counts = found.ledger.as_dict()
        self.stdout.write(
            f"{campaign.name} (campaign {campaign.pk}, {campaign.campaign_id}): {campaign.get_status_display()}"
        )
        self.stdout.write(f"  {found.sentence}")
        self.stdout.write(f"  {counts['planned']:>9,} mails planned = " + _sum(counts))
        self._print_gates(found)
        if not found.ledger.adds_up:
            self.stdout.write(self.style.ERROR("  The parts do not make the whole: please report this."))
        self.stdout.write(
            f"  {campaign.recipients_reached:>9,} people reached, {campaign.emails_opened:,} opened, "
            f"{campaign.emails_clicked:,} clicked, {campaign.emails_replied:,} replied, "
            f"{campaign.emails_bounced:,} bounced, {campaign.opted_out_count:,} opted out, "
            f"{campaign.booked_count:,} booked"
        )


def _row(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.pk,
        "campaign_id": campaign.campaign_id,
        "name": campaign.name,
        "organization": campaign.organization.slug,
        "status": campaign.status,
        "total_recipients": campaign.total_recipients,
        "emails_sent": campaign.emails_sent,
    }


def _sum(counts: dict[str, int]) -> str:
    return " + ".join(f"{counts[place]:,} {place.replace('_', ' ')}" for place in PLACES)
