"""Senders of one's own: whether they can send, are vouched for, and hear what comes back."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import QuerySet

from campaigns.content.mailbox import wire_domain
from campaigns.health.findings import HealthCheck
from campaigns.models import MailboxStatus, Sender, SenderKind, SenderStatus
from campaigns_project.runtime.health.check import Check, Level, counted

LOOKED_AT = 20  # senders; an installation with more has gone live long ago
LEVELS = {"ok": Level.OK, "warn": Level.WARN, "fail": Level.FAIL, "unknown": Level.NOTE}


def examine_senders() -> Iterator[Check]:
    """Whether there are some, and whether each can log in at its server."""
    own = _own()
    if not own.exists():
        fix = "Add the mailbox your mails come from under Senders, with its server, user and password."
        yield Check("senders", Level.FAIL, "There is no sender but the demo's.", fix)
        return
    able = list(own.filter(status=SenderStatus.ACTIVE).exclude(kind=SenderKind.SANDBOX)[:LOOKED_AT])
    if not able:
        message = "No sender of yours can send: they are paused, or write to the local mailbox only."
        yield Check("senders", Level.FAIL, message, "See their pages under Senders.")
    for sender in able:
        yield _login(sender)


def _login(sender: Sender) -> Check:
    found = _finding(sender, HealthCheck.LOGIN)
    if found is None or found["status"] == "unknown":
        later = " once SANDBOX is off: the sandbox logs in nowhere" if settings.SANDBOX else ""
        fix = f"Press “Check now” on its page{later}."
        return Check(
            "senders", Level.NOTE, f"{sender.email} has not been seen to log in.", fix, shareable="Not checked."
        )
    return Check(
        "senders",
        LEVELS[found["status"]],
        f"{sender.email}: {found['message']}",
        found.get("hint", ""),
        shareable=f"A sender: login {found['status']}.",
    )


def examine_dns() -> Iterator[Check]:
    """How many domains there are to ask about; asks nobody."""
    domains = {wire_domain(each.email) for each in _sending()}
    if domains:
        fix = "Press “Ask outside” above, or: manage.py doctor --going-live"
        yield Check("dns", Level.NOTE, f"{counted(len(domains), 'domain')} to ask about SPF, DKIM and DMARC.", fix)
    else:
        yield Check("dns", Level.NOTE, "There is no domain to ask about yet.", "Add a sender first.")


def ask_dns() -> Iterator[Check]:
    """What the domains of senders say of themselves: a line for what could be better. Never in a transaction."""
    senders = {wire_domain(sender.email): sender for sender in _sending()}
    if not senders:
        yield from examine_dns()
    for domain, sender in senders.items():
        yield from _records(domain, sender)


def _records(domain: str, sender: Sender) -> Iterator[Check]:
    # Loaded here: the DNS library takes a tenth of a second that no other page need spend.
    from campaigns.health.records import check_records  # noqa: PLC0415

    found = check_records(
        domain,
        selector=sender.dkim_selector,
        by_service=sender.kind == SenderKind.ESP,
        resolver=settings.DNS_RESOLVER,
        return_path=sender.return_path_domain,
    )
    poor = [finding for finding in found if finding.status != "ok"]
    if not poor:
        yield Check("dns", Level.OK, f"{domain}: MX, SPF, DKIM and DMARC are as they should be.", shareable="A domain.")
    for finding in poor:
        message = f"{domain}, {finding.code.upper()}: {finding.message}"
        shareable = f"A domain: {finding.code} {finding.status}."
        level = LEVELS[finding.status]
        yield Check("dns", level, message, finding.hint, down=finding.is_down, shareable=shareable)


def examine_replies() -> Iterator[Check]:
    """Whether somebody notices that a person answered."""
    own = list(_own().filter(status=SenderStatus.ACTIVE).select_related("mailbox")[:LOOKED_AT])
    deaf = [each.email for each in own if each.mailbox is None or each.mailbox.status == MailboxStatus.PAUSED]
    if not own:
        yield Check("replies", Level.NOTE, "There is no sender whose replies could be read yet.")
    elif deaf:
        named = ", ".join(deaf[:3]) + (" and others" if len(deaf) > 3 else "")
        message = f"Nobody reads what comes back to {named}: whoever answers gets the next mail all the same."
        fix = "Add the mailbox under Mailboxes, and choose it on the sender's page."
        yield Check("replies", Level.WARN, message, fix, shareable=f"{counted(len(deaf), 'sender')} without a mailbox.")
    else:
        yield Check("replies", Level.OK, "The mailboxes of all senders are read for replies and bounces.")


def _sending() -> QuerySet[Sender]:
    return _own().exclude(kind=SenderKind.SANDBOX)[:LOOKED_AT]


def _own() -> QuerySet[Sender]:
    own = Sender.objects.filter(organization__is_demo=False).defer(*Sender.SECRETS)
    return own.order_by("pk")


def _finding(sender: Sender, code: HealthCheck) -> dict[str, str] | None:
    checks = (sender.health or {}).get("checks", [])
    return next((each for each in checks if each["code"] == code), None)
