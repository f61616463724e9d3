from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from campaigns.finding import find_campaign
from campaigns.models import Campaign, DeliveredBy
from campaigns.providers.instantly.standing import Delivery, delivery_of
from campaigns.providers.instantly.work import work_on
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.errors import StateRefused

TURN = timedelta(seconds=20)


class Command(FairleadCommand):
    help = (
        "Tell Instantly at once what it does not know of a campaign that it delivers: create it, hand people over, "
        "start or pause it, remove who is out. Workers do the same by themselves every few seconds. Exit codes: 0 "
        "Instantly knows all there is; 3 no such campaign; 4 Instantly does not deliver it; 8 Instantly could not be "
        "told, and is tried again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        parser.add_argument("--dry-run", action="store_true", help="only say what Instantly knows")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"])
        if campaign.delivered_by != DeliveredBy.INSTANTLY or campaign.auto_discovered:
            message = f"Campaign {campaign.pk} is not delivered by Instantly from here."
            raise StateRefused("not_handed_over", message, "Choose the delivery while it is a draft.")
        has_more = not options["dry_run"]
        while has_more:
            has_more = work_on(campaign_id=campaign.pk, now=timezone.now(), budget=TURN)
        found = delivery_of(campaign)
        if found is None:
            raise StateRefused("not_handed_over", f"Campaign {campaign.pk} has no handover.", "Choose the delivery.")
        self._show(campaign, found, options)
        if found.error and not options["dry_run"]:
            raise CommandError(f"provider: {found.error}", returncode=Exit.DEPENDENCY_DOWN)

    def _show(self, campaign: Campaign, found: Delivery, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json("push_campaign", id=campaign.pk, dry_run=options["dry_run"], delivery=found.as_dict())
            return
        counts = f"{found.held:,} people there, {found.asked:,} without an answer, {found.refused:,} not taken"
        self.stdout.write(f"Told last: {found.told}. {counts}, {found.to_remove:,} to be removed.")
