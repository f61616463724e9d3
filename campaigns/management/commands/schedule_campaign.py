from argparse import ArgumentParser
from typing import Any

from campaigns import lifecycle
from campaigns.management.verbs import EXIT_CODES, VerbCommand
from campaigns.models import Campaign
from campaigns_project.commands import moment


class Command(VerbCommand):
    help = f"Have a campaign start by itself at a time. {EXIT_CODES}"
    verb = "schedule"
    act = staticmethod(lifecycle.schedule)

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--at", required=True, type=moment, metavar="TIME", help="2026-12-01T09:00:00+01:00; without a zone of UTC"
        )

    def given(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"at": options["at"]}

    def further(self, campaign: Campaign) -> dict[str, Any]:
        return {"scheduled_at": campaign.scheduled_at}

    def sentences(self, campaign: Campaign) -> list[str]:
        return [f"It starts at {campaign.scheduled_at:%Y-%m-%d %H:%M:%S %Z}."]
