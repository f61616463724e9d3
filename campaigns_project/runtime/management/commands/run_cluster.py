from typing import Any

from django.core.management.base import CommandError

from campaigns_project.commands import FairleadCommand
from campaigns_project.runtime import cluster


class Command(FairleadCommand):
    help = "Run one task cluster. run_worker does this for you, and watches it; by itself it is good for a debugger."

    def handle(self, *args: Any, **options: Any) -> None:
        if not cluster.run():
            raise CommandError("The process that guards the workers died.")
