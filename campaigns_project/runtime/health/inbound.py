"""What comes in: whether the mailboxes are read, and what could not be told whose it is."""

from collections.abc import Iterator

from django.db.models import Count
from django.utils import timezone

from campaigns.models import Mailbox, MailboxStatus
from campaigns_project.accounts.models import Organization
from campaigns_project.runtime.health.check import Check, Level, counted, in_words
from tracking.inbox.due import LATE
from tracking.models import InboundMail, InboundStatus, InboundWebhook, QuarantineCode, WebhookStatus

NAMED = 20  # mailboxes that are told of one by one
_OUR_FAULTS = {QuarantineCode.FAULT, QuarantineCode.POISON}


def examine_inbound() -> Iterator[Check]:
    """One line for each mailbox that is not read, else one for all; and what was put aside. Asks no server."""
    yield from _mailboxes()
    yield from _put_aside()


def _mailboxes() -> Iterator[Check]:
    mailboxes = list(Mailbox.objects.select_related("organization").defer(*Mailbox.SECRETS, "positions").order_by("pk"))
    if not mailboxes:
        hint = "Whoever replies gets the next mail all the same. Add one in the admin under Mailboxes."
        yield Check("inbound", Level.NOTE, "No mailbox is read for replies and bounces.", hint)
        return
    unread = [mailbox for mailbox in mailboxes if _is_unread(mailbox)]
    for mailbox in unread[:NAMED]:
        since = f" for {in_words(timezone.now() - mailbox.last_read_at)}" if mailbox.last_read_at else ""
        paused = "is paused and " if mailbox.status == MailboxStatus.PAUSED else ""
        why = mailbox.status_reason or mailbox.last_error or "No worker has looked at it."
        yield Check(
            "inbound",
            Level.WARN,
            f"The mailbox {mailbox} of {mailbox.organization} {paused}was not read{since}: {why}",
            "Replies to its senders are not noticed. Test its login in the admin under Mailboxes.",
            shareable=f"A mailbox {paused}was not read{since}.",
        )
    unused = sum(mailbox.status == MailboxStatus.PAUSED for mailbox in mailboxes if mailbox not in unread)
    read = len(mailboxes) - len(unread) - unused
    rest = f"; {unused:,} paused, used by no sender" if unused else ""
    message = f"{read:,} of {counted(len(mailboxes), 'mailbox', 'mailboxes')} read as they should be{rest}."
    yield Check(
        "inbound", Level.OK if read else Level.NOTE, message, shareable=message, details=tuple(_lines(mailboxes))
    )
    yield from _quarantine()


def _is_unread(mailbox: Mailbox) -> bool:
    if mailbox.status == MailboxStatus.PAUSED:
        return mailbox.senders.exists()
    begun = mailbox.last_read_at or mailbox.created_at
    return timezone.now() - begun > LATE


def _lines(mailboxes: list[Mailbox]) -> Iterator[str]:
    for mailbox in mailboxes[:NAMED]:
        ago = in_words(timezone.now() - mailbox.last_read_at) if mailbox.last_read_at else ""
        yield f"{mailbox}: {mailbox.status}, {f'read {ago} ago' if ago else 'not read yet'}"


def _quarantine() -> Iterator[Check]:
    count = InboundMail.objects.filter(status=InboundStatus.QUARANTINED).count()
    if count:
        message = f"{counted(count, 'mail')} in quarantine: of deleted campaigns, or another organization's."
        yield Check("inbound", Level.NOTE, message, "They are removed after 30 days.", shareable=message)


def _put_aside() -> Iterator[Check]:
    # Organization by organization, as the index has them.
    reports = InboundWebhook.objects.filter(organization__in=Organization.objects.values("pk"))
    aside = dict(
        reports.filter(status=WebhookStatus.QUARANTINED).order_by().values_list("reason").annotate(number=Count("pk"))
    )
    if not aside:
        return
    message = f"{counted(sum(aside.values()), 'report')} of e-mail services put aside."
    details = tuple(f"{number:,}: {QuarantineCode(reason).label}" for reason, number in sorted(aside.items()))
    yield Check(
        "inbound",
        Level.WARN if _OUR_FAULTS & aside.keys() else Level.NOTE,
        message,
        "Nothing came of them. Look at them under Inbound webhooks, where they can be tried again for 30 days.",
        shareable=message,
        details=details,
    )
