from argparse import ArgumentParser
from typing import Any

from campaigns import lifecycle
from campaigns.lifecycle import Overdue
from campaigns.management.verbs import EXIT_CODES, VerbCommand


class Command(VerbCommand):
    help = f"Let a campaign go on after a pause or a failure. {EXIT_CODES}"
    verb = "resume"
    act = staticmethod(lifecycle.resume)

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--overdue",
            choices=Overdue.values,
            default=Overdue.SEND.value,
            help="mails that came due during the pause: send them first, or shift every remaining step by its length "
            "(default: send)",
        )

    def given(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"overdue": options["overdue"]}
