from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.runtime.demo.login import login_file
from campaigns_project.runtime.demo.resetting import count_the_demo, require_a_demo, reset
from campaigns_project.runtime.demo.seeding import seed
from campaigns_project.runtime.health.check import counted


class Command(FairleadCommand):
    help = (
        "Fill an empty sandbox with made-up data and a login; --reset makes the demo anew. Exit codes: 0 done; 4 there "
        "are people already, SANDBOX is off, or a worker has something of the demo in hand, and nothing was erased; 7 "
        "not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
        parser.add_argument(
            "--reset", action="store_true", help="erase what the demo has, also what you made in it, and make it anew"
        )
        parser.add_argument("--dry-run", action="store_true", help="with --reset: say what would go, change nothing")
        parser.add_argument("--yes", action="store_true", help="with --reset: do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"] and not options["reset"]:
            raise CommandError("--dry-run goes with --reset alone.", returncode=Exit.USAGE)
        made = self._reset(options) if options["reset"] else seed(now=timezone.now())
        if made is None:
            return
        if options["json"]:
            self.print_json("seed_demo", made=made, login_file=str(login_file()))
            return
        self.stdout.write("Made " + ", ".join(f"{count} {what}" for what, count in made.items()) + ".")
        if login_file().exists():
            self.stdout.write(f"Log in as {login_file().read_text().strip()} (kept in {login_file()}).")

    def _reset(self, options: dict[str, Any]) -> dict[str, int] | None:
        require_a_demo()
        found = count_the_demo()
        what = f"{counted(found['organizations'], 'organization')} with {counted(found['campaigns'], 'campaign')}"
        if options["dry_run"]:
            if options["json"]:
                self.print_json("seed_demo", dry_run=True, would_erase=found)
            else:
                self.stdout.write(f"Would erase {what}, and make the demo anew. Nothing was changed.")
            return None
        self.confirm(f"Erase {what}, and make the demo anew?", options)
        return reset(actor=Actor.of_command("seed_demo"), now=timezone.now())
