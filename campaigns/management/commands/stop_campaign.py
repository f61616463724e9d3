from argparse import ArgumentParser
from typing import Any

from campaigns import lifecycle
from campaigns.management.verbs import EXIT_CODES, VerbCommand
from campaigns.models import Campaign, Recipient, RecipientStatus


class Command(VerbCommand):
    help = (
        "Stop a campaign for good: nobody gets the remaining steps. A pause can be taken back, this cannot. "
        f"{EXIT_CODES.removesuffix('.')}; 7 not confirmed."
    )
    verb = "stop"
    act = staticmethod(lifecycle.stop)
    trial = staticmethod(lifecycle.begin_stop)

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def taken(self, campaign: Campaign, options: dict[str, Any]) -> Campaign:
        self.confirm(f"This stops “{campaign.name}” for good, with {_people(campaign)} in it.", options)
        return super().taken(campaign, options)

    def foretold(self, campaign: Campaign) -> list[str]:
        return [f"It has {_people(campaign)} in it, who would get nothing more."]


def _people(campaign: Campaign) -> str:
    left = Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.IN).count()
    return "1 person" if left == 1 else f"{left:,} people"
