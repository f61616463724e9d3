from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from campaigns_project.runtime import cluster


class Command(BaseCommand):
    help = "Run one task cluster. run_worker does this for you, and watches it; by itself it is good for a debugger."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            ended_well = cluster.run()
        except Error as error:
            raise CommandError(f"The database refused us: {str(error).strip()}", returncode=8) from error
        if not ended_well:
            raise CommandError("The process that guards the workers died.")
