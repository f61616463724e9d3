from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.health import Finding, HealthStatus, check_sender, worst
from campaigns.models import Sender
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.errors import NotFound, Refused
from campaigns_project.keys import key_of

MARKS = {HealthStatus.OK: "✓", HealthStatus.WARN: "⚠", HealthStatus.FAIL: "✗", HealthStatus.UNKNOWN: "?"}


class Command(FairleadCommand):
    help = (
        "Test the login of a sender and look its domain up in DNS; no mail is sent. Exit codes: 0 nothing failed; "
        "3 no such sender; 6 something failed; 8 only what could not be reached did."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("sender", metavar="SENDER", nargs="?", help="its number or address")
        which.add_argument("--all", action="store_true", help="every sender that is not paused")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        senders = list(Sender.objects.able()) if options["all"] else [_find(options["sender"])]
        found: list[tuple[Sender, list[Finding]]] = []
        for sender in senders:
            self.say(f"Looking at {sender.email} …")
            actor = Actor.of_command("check_sender")
            found.append((sender, check_sender(sender=sender, actor=actor, now=timezone.now())))
        if options["json"]:
            self.print_json("check_sender", senders=[_as_dict(*one) for one in found])
        for sender, findings in [] if options["json"] else found:
            self._print(sender, findings)
        self._end([finding for _, findings in found for finding in findings])

    def _print(self, sender: Sender, findings: list[Finding]) -> None:
        self.stdout.write(f"{sender.email} (sender {sender.pk}): {worst(findings).value}")
        for finding in findings:
            self.stdout.write(f"{MARKS[finding.status]} {finding.code.upper():<6} {finding.message}")
            at = f"at {finding.where}" if finding.publish else ""
            for title, text in (
                ("found", finding.found),
                ("do", finding.hint),
                ("put", f"{finding.publish}\n{at}".strip()),
                ("said", finding.log),
            ):
                lines = text.splitlines() if finding.status != HealthStatus.OK else []
                for line in lines:
                    self.stdout.write(f"         {title:<6} {line}")

    def _end(self, findings: list[Finding]) -> None:
        failed = [finding for finding in findings if finding.status == HealthStatus.FAIL]
        if any(not finding.is_down for finding in failed):
            raise CommandError("Something failed; see above.", returncode=Exit.UNHEALTHY)
        if any(finding.is_down for finding in findings):
            raise CommandError("Not everything could be reached; see above.", returncode=Exit.DEPENDENCY_DOWN)


def _find(name: str) -> Sender:
    number = key_of(name)
    senders = list(Sender.objects.filter(email__iexact=name) if number is None else Sender.objects.filter(pk=number))
    if not senders:
        raise NotFound("not_found", f"There is no sender {name}.", "See the numbers in the admin under Senders.")
    if len(senders) > 1:
        numbers = ", ".join(str(sender.pk) for sender in senders)
        raise Refused("ambiguous_name", f"{len(senders)} organizations have a sender {name}.", f"Say which: {numbers}.")
    return senders[0]


def _as_dict(sender: Sender, findings: list[Finding]) -> dict[str, Any]:
    checks = [finding.as_dict() for finding in findings]
    return {"id": sender.pk, "email": sender.email, "status": worst(findings), "checks": checks}
