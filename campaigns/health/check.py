"""Look at a sender: can it log in, and does its domain vouch for its mails?"""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from campaigns.content.mailbox import wire_domain
from campaigns.health.findings import Finding, HealthCheck, HealthStatus, worst
from campaigns.health.login import check_login
from campaigns.models import Sender, SenderKind
from campaigns.sending.connections import is_by_mailbox
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record

IN_DNS = (HealthCheck.MX, HealthCheck.SPF, HealthCheck.DKIM, HealthCheck.DMARC)


def check_sender(*, sender: Sender, actor: Actor, now: datetime) -> list[Finding]:
    """Test the login (no mail is sent), ask DNS, and keep what was found with the sender.

    Takes up to half a minute where nothing answers; never inside a transaction. Its state does not change: a sender
    that failed here pauses itself with the first mail it cannot send.
    """
    findings = [check_login(sender), *_records(sender)]
    overall = worst(findings)
    kept = {"status": str(overall), "checks": [finding.as_dict() for finding in findings]}
    with transaction.atomic():
        Sender.objects.filter(pk=sender.pk).update(health=kept, health_checked_at=now)
        record(
            action="sender.checked",
            entity=sender,
            organization_id=sender.organization_id,
            actor=actor,
            after={"health": overall, **{finding.code: finding.status for finding in findings}},
        )
    sender.health, sender.health_checked_at = kept, now
    return findings


def _records(sender: Sender) -> list[Finding]:
    if is_by_mailbox(sender):
        message = "Skipped: its mails reach the local mailbox and nothing else, so nobody will ask."
        return [Finding(code, HealthStatus.UNKNOWN, message) for code in IN_DNS]
    # Loaded here: the DNS library takes a tenth of a second that no other process need spend.
    from campaigns.health.records import check_records  # noqa: PLC0415

    return check_records(
        wire_domain(sender.email),
        selector=sender.dkim_selector,
        by_service=sender.kind == SenderKind.ESP,
        resolver=settings.DNS_RESOLVER,
        return_path=sender.return_path_domain,
    )
