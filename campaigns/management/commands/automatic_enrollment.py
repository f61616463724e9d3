from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from campaigns import automatic
from campaigns.automatic import Look
from campaigns.finding import find_campaign
from campaigns.models import Campaign
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand


class Command(FairleadCommand):
    help = (
        "Show whom an automatic campaign enrolls by itself, switch that on or off, or have it look for new people now. "
        "Exit codes: 0 done; 3 no such campaign; 4 its state does not allow it, or it is not automatic."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        parser.add_argument("act", choices=["show", "on", "off", "look"], nargs="?", default="show")
        parser.add_argument("--message", default="", help="why, for the audit log")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign, now = find_campaign(options["campaign"]), timezone.now()
        actor = Actor.of_command("automatic_enrollment")
        match options["act"]:
            case "on":
                automatic.activate(campaign=campaign, actor=actor, now=now, reason=options["message"])
            case "off":
                automatic.deactivate(campaign=campaign, actor=actor, now=now, reason=options["message"])
            case "look":
                if automatic.look(campaign_id=campaign.pk, now=now) is None:
                    message = "not_looking: It is not automatic, is off, does not run, or a worker looks just now."
                    raise CommandError(message, returncode=Exit.REFUSED_BY_STATE)
        self._show(Campaign.objects.get(pk=campaign.pk), options)

    def _show(self, campaign: Campaign, options: dict[str, Any]) -> None:
        words, last = automatic.audience_in_words(campaign), Look.of(campaign)
        if options["json"]:
            self.print_json(
                "automatic_enrollment",
                id=campaign.pk,
                is_automatic=campaign.is_automatic,
                is_active=campaign.is_active,
                deactivated_at=campaign.deactivated_at,
                audience=words,
                next_look_at=campaign.next_look_at,
                last_look=last.as_json() if last else None,
            )
            return
        if not campaign.is_automatic:
            self.stdout.write(f"Campaign {campaign.pk} “{campaign}” is custom: its people are put in by hand.")
            return
        state = "on" if campaign.is_active else "off"
        self.stdout.write(f"Campaign {campaign.pk} “{campaign}” is automatic and switched {state}: {words}.")
        if last:
            skipped = ", ".join(f"{reason} {count:,}" for reason, count in sorted(last.skipped.items()))
            left_out = f"; left out: {skipped}" if skipped else ""
            said = last.refused or f"{last.enrolled:,} enrolled{left_out}"
            self.stdout.write(f"Last look {last.at:%Y-%m-%d %H:%M:%S} UTC: {said.removesuffix('.')}.")
        if put_off := campaign.last_look.get("put_off"):
            self.stdout.write(f"The next look waits. {put_off}")
