import time
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.finding import find_campaign
from campaigns.models import Campaign, CampaignStatus
from campaigns.progress import Progress, progress
from campaigns_project.commands import FairleadCommand

WATCH_SECONDS = 2
PLACES = ("waiting", "in_flight", "sent", "failed", "skipped", "uncertain")


class Command(FairleadCommand):
    help = (
        "Say how a campaign is doing: its state, its ledger, what comes next, and why. Exit codes: 0; "
        "2 several campaigns have this name; 3 no such campaign."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        parser.add_argument("--watch", action="store_true", help="again every two seconds until it has ended")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"])
        self._show(campaign, options)
        while options["watch"] and campaign.status not in CampaignStatus.ended:
            time.sleep(WATCH_SECONDS)
            campaign = find_campaign(str(campaign.pk))
            self.stdout.write("")
            self._show(campaign, options)

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


def _sum(counts: dict[str, int]) -> str:
    return " + ".join(f"{counts[place]:,} {place.replace('_', ' ')}" for place in PLACES)
