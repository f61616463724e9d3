"""Entries to seal, and ways to do behind the log's back what its triggers refuse."""

from typing import Any

from django.db import connection
from django.utils import timezone

from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.record import Subject, record
from campaigns_project.audit.sealing import seal
from campaigns_project.audit.verification import Ends, verify_chain


def write(count: int = 1, *, organization_id: int | None = 1) -> list[AuditLog]:
    """Some entries of an organization that need not be there any more."""
    return [
        record(
            action="campaign.started",
            entity=Subject("campaign", str(number), "Autumn"),
            organization_id=organization_id,
            actor=SYSTEM,
            before={"status": "draft"},
            after={"status": "running", "rate": 0.1, "name": "Größe"},
        )
        for number in range(count)
    ]


def sealed(count: int = 1, *, organization_id: int | None = 1) -> list[AuditLog]:
    """The same, sealed."""
    made = write(count, organization_id=organization_id)
    seal(now=timezone.now())
    return made


def tamper(statement: str, parameters: Any = None) -> None:
    """Run a statement with all triggers off, as somebody with too many rights would."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, parameters)
        cursor.execute("SET LOCAL session_replication_role = origin")


def faults(known: Ends | None = None) -> dict[str, list[str]]:
    """What the verification finds, with its samples."""
    with connection.cursor() as cursor:
        return {finding.id: finding.samples for finding in verify_chain(cursor, known)}
