"""Commands that take one verb of a campaign: one call each, and the campaign as it is then."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone

from campaigns import lifecycle
from campaigns.finding import find_campaign
from campaigns.models import Campaign
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand

EXIT_CODES = (
    "Exit codes: 0 done; 2 several campaigns have this name, or a value is none; 3 no such campaign; 4 the campaign "
    "does not allow it as it stands, and nothing was changed."
)


class VerbCommand(FairleadCommand):
    """`verb` of the campaign that is named, by `act`. A dry run does it and takes it back, so it is refused alike."""

    verb: ClassVar[str]
    act: Callable[..., Campaign]
    trial: Callable[..., Campaign] | None = None  # what a dry run takes back, where `act` is many transactions

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        parser.add_argument("--dry-run", action="store_true", help="only say whether it could be done")
        parser.add_argument("--message", default="", help="why, for the audit log")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = lifecycle.reread(find_campaign(options["campaign"]), self.verb)
        is_dry = options["dry_run"]
        moved = self.tried(campaign, options) if is_dry else self.taken(campaign, options)
        if options["json"]:
            values = {"id": moved.pk, "campaign_id": moved.campaign_id, "name": moved.name, "status": moved.status}
            self.print_json(f"{self.verb}_campaign", **values, dry_run=is_dry, **self.further(moved))
            return
        would = "would be" if is_dry else "is"
        self.stdout.write(f"Campaign {moved.pk} “{moved.name}” {would} {moved.get_status_display().lower()}.")
        for sentence in self.foretold(moved) if is_dry else self.sentences(moved):
            self.stdout.write(sentence)
        self.say("Nothing was changed." if is_dry else f"See how it is: manage.py campaign_status {moved.pk}")

    def taken(self, campaign: Campaign, options: dict[str, Any]) -> Campaign:
        """Do it."""
        return self._done(type(self).act, campaign, options)

    def tried(self, campaign: Campaign, options: dict[str, Any]) -> Campaign:
        """The campaign as it would be."""
        with transaction.atomic():
            moved = self._done(type(self).trial or type(self).act, campaign, options)
            transaction.set_rollback(True)
        return moved

    def _done(self, act: Callable[..., Campaign], campaign: Campaign, options: dict[str, Any]) -> Campaign:
        given = {"actor": Actor.of_command(f"{self.verb}_campaign"), "now": timezone.now()}
        return act(campaign=campaign, **given, reason=options["message"], **self.given(options))

    def given(self, options: dict[str, Any]) -> dict[str, Any]:
        """What the use case takes besides."""
        return {}

    def further(self, campaign: Campaign) -> dict[str, Any]:
        """What `--json` says besides."""
        return {}

    def sentences(self, campaign: Campaign) -> list[str]:
        """What a person is told besides, once it is done."""
        return []

    def foretold(self, campaign: Campaign) -> list[str]:
        """What a person is told besides of a dry run."""
        return []
