from typing import Any

from django.core.management.base import BaseCommand

from campaigns_project.runtime.tick import Tick


class Command(BaseCommand):
    help = "Do every second what is due, as the one leader over all machines. run_worker does this for you."

    def handle(self, *args: Any, **options: Any) -> None:
        Tick().run()
