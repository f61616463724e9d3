from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns_project.commands import FairleadCommand
from campaigns_project.runtime.demo.login import login_file
from campaigns_project.runtime.demo.seeding import seed


class Command(FairleadCommand):
    help = (
        "Fill an empty sandbox with made-up data and a login. Exit codes: 0 done; 4 there are users already, or "
        "SANDBOX is off, and nothing was changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        made = seed(now=timezone.now())
        if options["json"]:
            self.print_json("seed_demo", made=made, login_file=str(login_file()))
            return
        self.stdout.write("Made " + ", ".join(f"{count} {what}" for what, count in made.items()) + ".")
        self.stdout.write(f"Log in as {login_file().read_text().strip()} (kept in {login_file()}).")
