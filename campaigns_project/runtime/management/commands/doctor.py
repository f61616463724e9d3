import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from campaigns.working import working
from campaigns_project.runtime.doctor import Check, Level, examine, exit_code

MARKS = {Level.OK: "✓", Level.WARN: "⚠", Level.FAIL: "✗"}


class Command(BaseCommand):
    help = "Examine database, workers, queue, mail and settings. Exits 0: well, 6: unhealthy, 8: something is down."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        checks = examine()
        code = exit_code(checks)
        if options["json"]:
            healthy = {"schema": "fairlead.doctor/1", "healthy": code == 0, "checks": [asdict(each) for each in checks]}
            self.stdout.write(json.dumps({**healthy, "working": _working(checks)}, indent=2))
        else:
            for check in checks:
                self._print(check)
        if code:
            raise SystemExit(code)

    def _print(self, check: Check) -> None:
        paint = {Level.OK: self.style.SUCCESS, Level.WARN: self.style.WARNING, Level.FAIL: self.style.ERROR}[
            check.level
        ]
        self.stdout.write(f"{paint(MARKS[check.level])} {check.name:<10} {check.message}")
        if check.fix:
            self.stdout.write(f"  {'':<10} {check.fix}")


def _working(checks: list[Check]) -> dict[str, Any] | None:
    """What the workers do; None where the database could not be asked."""
    was_asked = any(check.name == "workers" for check in checks)
    return working().as_dict() if was_asked else None
