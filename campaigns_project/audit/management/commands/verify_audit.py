import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction

from campaigns_project.audit.verification import Ends, ends, verify_chain
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.errors import Refused
from campaigns_project.verification.finding import Finding, Severity


class Command(FairleadCommand):
    help = (
        "Prove that the audit log is as it was written: nothing changed, removed, slipped in or cut off. Prints where "
        "each chain ends; keep that elsewhere, and --ends proves later that nothing before it was made anew. Changes "
        "nothing. Exit codes: 0 it is; 2 the file of --ends cannot be read; 6 it is not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
        parser.add_argument(
            "--ends", type=Path, metavar="FILE", help="what an earlier --json printed, kept out of reach"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        known = _read(options["ends"]) if options["ends"] else None
        findings, chains = _look(known)
        if options["json"]:
            self.print_json(
                "verify_audit",
                ends={chain: {"number": number, "hash": hashed} for chain, (number, hashed) in chains.items()},
                findings=[finding.as_json() for finding in findings],
            )
        else:
            self._tell(findings, chains)
        if any(finding.severity == Severity.ERROR for finding in findings):
            raise CommandError("The audit log is not as it was written.", returncode=Exit.UNHEALTHY)

    def _tell(self, findings: list[Finding], chains: Ends) -> None:
        for chain, (number, hashed) in chains.items():
            whose = f"organization {chain}" if chain else "the system"
            self.stdout.write(f"The chain of {whose} ends at seal {number}: {hashed}")
        for finding in findings:
            self.stdout.write(f"{finding.severity} {finding.id}: {finding.message} {finding.fix}")
            self.stdout.write(f"  such as {', '.join(finding.samples)}")
        if not findings:
            self.stdout.write("Nothing was changed, removed, slipped in or cut off.")


def _look(known: Ends | None) -> tuple[list[Finding], Ends]:
    """All in one snapshot: sealing goes on meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return list(verify_chain(cursor, known)), ends(cursor)


def _read(file: Path) -> Ends:
    try:
        kept = json.loads(file.read_text())["ends"]
        return {int(chain): (int(end["number"]), str(end["hash"])) for chain, end in kept.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Refused(
            "ends_unreadable",
            f"{file} is not what verify_audit --json prints.",
            "Give a file with its output, whole and unchanged.",
        ) from None
