"""Senders: how many may be used, what the last look at them found, when each last handed over a mail; and stops."""

from collections.abc import Iterator

from django.db import connection

from campaigns.models import Sender, SenderStatus, SendingHalt
from campaigns.senders import same_address
from campaigns_project.runtime.health.check import Check, Level, counted, in_words

LISTED = 50  # senders, active ones first
LOOKED_AT = 200  # of a sender's newest mails, for the last one that left


def examine_senders() -> Iterator[Check]:
    """What is told of all senders together, with the last success of each behind it."""
    senders = list(Sender.objects.only("email", "status", "health").order_by("pk"))
    if not senders:
        yield Check("senders", Level.NOTE, "There is no sender yet.", "Add one in the admin under Senders.")
        return
    able = [sender for sender in senders if sender.status == SenderStatus.ACTIVE]
    message = f"{len(able)} of {counted(len(senders), 'sender')} may be used now."
    fix = "" if able else "Each says why in the admin under Senders."
    yield Check("senders", Level.OK if able else Level.WARN, message, fix, details=tuple(_lines()), shareable=message)
    # What was found the last time; the checks themselves take their time: manage.py check_sender --all.
    unwell = [sender.email for sender in able if (sender.health or {}).get("status") == "fail"]
    if unwell:
        said = f"The last check found {counted(len(unwell), 'sender')} not well"
        named = ", ".join(unwell[:3]) + (" and others" if len(unwell) > 3 else "")
        fix = "See what to mend: manage.py check_sender --all, or its page."
        yield Check("senders", Level.WARN, f"{said}: {named}.", fix, shareable=f"{said}.")
    if twins := same_address():
        addresses = "1 address belongs" if len(twins) == 1 else f"{len(twins):,} addresses belong"
        said = f"{addresses} to more than one sender"
        named = "; ".join(" and ".join(emails) for emails in twins[:3]) + ("; and others" if len(twins) > 3 else "")
        fix = "Each has limits of its own: take all but one out of their campaigns, and remove them."
        yield Check("senders", Level.WARN, f"{said}: {named}.", fix, shareable=f"{said}.")


def examine_halts() -> Iterator[Check]:
    """Emergency stops in force."""
    halts = list(SendingHalt.objects.in_force().select_related("organization").order_by("pk"))
    if not halts:
        yield Check("sending", Level.OK, "No emergency stop is in force.")
    for halt in halts:
        whose = f"of {halt.organization}" if halt.organization else "of the whole system"
        option = f" --organization {halt.organization.slug}" if halt.organization else ""
        yield Check(
            "sending",
            Level.WARN,
            f"All sending {whose} was stopped by {halt.halted_by}: {halt.reason}",
            f"No mail leaves until the stop is lifted: in the admin, or by manage.py resume_sending{option}.",
            shareable="All sending of an organization or of the whole system was stopped by somebody.",
        )


def _lines() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST_SUCCESS, [LISTED, LOOKED_AT])
        for email, status, ago in cursor.fetchall():
            last = f"last mail {in_words(ago)} ago" if ago is not None else "no mail yet"
            yield f"{email}: {status}, {last}"


_LAST_SUCCESS = """
SELECT sender.email, sender.status, now() - newest.sent_at AS ago
FROM (SELECT id, email, status FROM senders ORDER BY status, id LIMIT %s) sender
LEFT JOIN LATERAL (
    SELECT max(sent_at) AS sent_at FROM (
        SELECT sent_at FROM campaign_messages WHERE sender_id = sender.id ORDER BY created_at DESC LIMIT %s
    ) last
) newest ON true
ORDER BY newest.sent_at DESC NULLS LAST, sender.id
"""
