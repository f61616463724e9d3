"""The values of old mails, by which each could be shown again as it was, are forgotten where an organization says so.

Nothing that sends needs them: a try makes them anew, a follow-up repeats subject and Message-ID, which stay, and so do
states, times, codes and what the server said.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from campaigns.models import DeliveredBy, Message, MessageStatus, Step
from campaigns_project.accounts.models import Organization
from campaigns_project.database.plans import by_index

BATCH = 1_000  # rows of one transaction: some 50 ms


def forget_values(*, organization: Organization, now: datetime) -> tuple[int, bool]:
    """Clear the values of one batch of mails that are too old; how many had some, and whether there may be more.

    Only of mails that are settled, and of no uncertain one: whoever decides wants to see it. Rows that somebody holds
    at this moment are left for the next time, so nobody is waited for.
    """
    before = kept_since(organization.values_kept_days, now)
    steps = _steps(organization) if before else []
    if not steps:
        return 0, False
    wanted: dict[str, Any] = {"steps": steps, "before": before, "now": now, "batch": BATCH}
    with by_index() as cursor:
        cursor.execute(_CLEAR, wanted)
        looked, had = cursor.fetchone()
    return had, looked == BATCH


def count_old_values(*, organization: Organization, now: datetime) -> int:
    """How many mails would lose their values now."""
    before = kept_since(organization.values_kept_days, now)
    if before is None:
        return 0
    wanted: dict[str, Any] = {"steps": _steps(organization), "before": before}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, wanted)
        return cursor.fetchone()[0]


def kept_since(days: int | None, now: datetime) -> datetime | None:
    """What is older than this is to be forgotten; None where everything is kept."""
    return None if days is None else now - timedelta(days=days)


def kept_until(message: Message, organization: Organization) -> datetime | None:
    """Until when the values of `message` are kept; None where that is forever, or not settled, or over.

    An uncertain mail is kept until somebody has decided, however old it is; one that Instantly made never had any.
    """
    days, at = organization.values_kept_days, _settled_at(message)
    is_over = message.values_cleared_at is not None or message.status not in FORGETTABLE
    if days is None or at is None or is_over or message.recipient.campaign.delivered_by != DeliveredBy.SENDERS:
        return None
    return at + timedelta(days=days)


def clearing(message: Message) -> tuple[str, str] | None:
    """The day on which the values of `message` were cleared, and how long they had been kept, in words.

    None where they were not, and for a mail that was never made: it had none, though it is marked as well.
    """
    at = _settled_at(message)
    if message.values_cleared_at is None or at is None:
        return None
    days = (message.values_cleared_at - at).days
    on = timezone.localtime(message.values_cleared_at)
    return f"{on:%-d %b %Y}", "1 day" if days == 1 else f"{days:,} days"


def _settled_at(message: Message) -> datetime | None:
    return message.sent_at or message.attempted_at


def _steps(organization: Organization) -> list[int]:
    """Of campaigns that our senders deliver: at Instantly mails are made there, and have no values here."""
    own = Step.objects.filter(campaign__organization=organization, campaign__delivered_by=DeliveredBy.SENDERS)
    return list(own.values_list("pk", flat=True))


def _in_sql(words: Iterable[Any]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


FORGETTABLE = MessageStatus.SETTLED - {MessageStatus.UNCERTAIN}
COUNTS_FROM = "coalesce(message.sent_at, message.attempted_at, message.created_at)"
IS_SETTLED = f"message.status IN ({_in_sql(FORGETTABLE)})"
# A row is made when its mail is first taken in hand, which is never after what its age counts from: the index
# `message_values_by_age` finds by that. One that is tried again loses the mark at the gate, and counts from then.
_OLD = f"""
    FROM campaign_messages message
    WHERE message.step_id = ANY(%(steps)s::bigint[]) AND message.values_cleared_at IS NULL
      AND message.created_at < %(before)s AND {IS_SETTLED} AND {COUNTS_FROM} < %(before)s
"""
_CLEAR = f"""
WITH old AS MATERIALIZED (
    SELECT message.id, message.merge_values IS NOT NULL AS had {_OLD}
    LIMIT %(batch)s FOR NO KEY UPDATE SKIP LOCKED
), cleared AS (
    UPDATE campaign_messages message SET merge_values = NULL, values_cleared_at = %(now)s FROM old
    WHERE message.id = old.id RETURNING old.had
)
SELECT count(*), count(*) FILTER (WHERE had) FROM cleared
"""  # noqa: S608 - texts of our own
_COUNT = f"SELECT count(*) {_OLD} AND message.merge_values IS NOT NULL"
