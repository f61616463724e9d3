"""Turn what was noted (RawEvent) into events, first times and counters, many at once."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from campaigns.models import Campaign
from campaigns.sending import evidence
from tracking.locks import hold_against_deletion, hold_recipients
from tracking.machines import why_machine
from tracking.models import RawEvent

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """A raw event that is ours now, and as much of it as is looked at here."""

    id: int
    event_type: str
    user_agent: str
    message_ref: int


@dataclass(frozen=True, slots=True)
class Held:
    """Ids of what the events speak of; `doubtful` are the uncertain ones among the messages."""

    messages: list[int]
    recipients: list[int]
    campaigns: list[int]
    doubtful: list[int]


@transaction.atomic
def drain(*, now: datetime, limit: int = 10_000) -> int:
    """Take the oldest raw events, at most `limit`, and return how many; fewer than `limit` means no more are waiting.

    All of it or nothing, in one transaction. Any number of drains may run at once, beside sending and deleting: each
    takes other raw events, and rows are locked in the order all of us keep. Events of messages and campaigns that are
    gone, or are being deleted, are dropped.
    """
    taken = _take(limit)
    if not taken:
        return 0
    machines = _machines(taken)  # before any lock: a user agent nobody has seen yet takes a while to judge
    held = _hold(taken)
    _tell_of_dropped(taken, held)
    gained = _write(taken, held, machines)
    if held.doubtful:
        # A machine's visit proves as well as a person's that the mail arrived.
        evidence.confirm(message_ids=held.doubtful, at=now)
    _count(gained)
    _remove(taken)
    return len(taken)


def _take(limit: int) -> list[Taken]:
    oldest = RawEvent.objects.order_by("pk").select_for_update(skip_locked=True)
    return [Taken(*row) for row in oldest.values_list("pk", "event_type", "user_agent", "message_ref")[:limit]]


def _machines(taken: Iterable[Taken]) -> list[tuple[str, str, str]]:
    """Event type, user agent and reason of those among the events that are machines'."""
    seen = {(event.event_type, event.user_agent) for event in taken}
    judged = ((event_type, agent, why_machine(agent, event_type)) for event_type, agent in seen)
    return [verdict for verdict in judged if verdict[2]]


def _hold(taken: Iterable[Taken]) -> Held:
    """Lock what the events speak of, so that it is there until they are written, and who had opened before is exact."""
    with connection.cursor() as cursor:
        cursor.execute(_SPOKEN_OF, [[event.message_ref for event in taken]])
        held = Held(*cursor.fetchone())
    hold_against_deletion(held.campaigns)
    hold_recipients(held.recipients)
    return held


def _tell_of_dropped(taken: Iterable[Taken], held: Held) -> None:
    known = set(held.messages)
    dropped = sum(event.message_ref not in known for event in taken)
    if dropped:
        logger.info("opens and clicks of mails that are gone were dropped", extra={"events": dropped})


def _write(taken: Sequence[Taken], held: Held, machines: Sequence[tuple[str, str, str]]) -> list[tuple[int, int, int]]:
    """Write the events and first times; returns campaign, recipients who first opened and who first clicked."""
    types, agents, reasons = ([verdict[column] for verdict in machines] for column in range(3))
    values = {"ids": [event.id for event in taken], "messages": held.messages, "recipients": held.recipients}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {**values, "types": types, "agents": agents, "reasons": reasons})
        return cursor.fetchall()


def _count(gained: Sequence[tuple[int, int, int]]) -> None:
    for campaign_id, opened, clicked in gained:
        Campaign.objects.filter(pk=campaign_id).update(
            emails_opened=F("emails_opened") + opened, emails_clicked=F("emails_clicked") + clicked
        )


def _remove(taken: Iterable[Taken]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tracking_raw_events WHERE id = ANY(%s::bigint[])", [[event.id for event in taken]])


# This statement and the writing one name rows by their keys in a CTE of its own: else missing statistics can make the
# planner read a whole campaign for a handful of events.
_SPOKEN_OF = """
WITH mentioned AS MATERIALIZED (
    SELECT id, recipient_id, status FROM campaign_messages WHERE id = ANY(%s::bigint[])
)
SELECT coalesce(array_agg(mentioned.id), '{}'), coalesce(array_agg(DISTINCT recipient.id), '{}'),
       coalesce(array_agg(DISTINCT campaign.id), '{}'),
       coalesce(array_agg(mentioned.id) FILTER (WHERE mentioned.status = 'uncertain'), '{}')
FROM mentioned
JOIN campaign_recipients recipient ON recipient.id = mentioned.recipient_id
JOIN campaigns campaign ON campaign.id = recipient.campaign_id AND campaign.deleting_at IS NULL
"""

# `gained` and `changed` both see the recipients as they were before the statement; a person's click is an open as well,
# with or without the pixel having been loaded.
_WRITE = """
WITH held AS MATERIALIZED (
    SELECT message.id, message.recipient_id, recipient.campaign_id
    FROM campaign_messages message JOIN campaign_recipients recipient ON recipient.id = message.recipient_id
    WHERE message.id = ANY(%(messages)s::bigint[]) AND recipient.id = ANY(%(recipients)s::bigint[])
), written AS (
    INSERT INTO email_tracking (campaign_recipient_id, message_id, event_type, event_data, user_agent, ip_address,
                                is_machine, machine_reason, source, created_at)
    SELECT held.recipient_id, held.id, raw.event_type,
           CASE WHEN link.id IS NULL THEN '{}' ELSE jsonb_build_object('link_id', link.id, 'url', link.url) END,
           raw.user_agent, raw.ip_address, machine.reason IS NOT NULL, coalesce(machine.reason, ''), raw.source,
           raw.created_at
    FROM tracking_raw_events raw
    JOIN held ON held.id = raw.message_ref
    LEFT JOIN campaign_links link ON link.id = raw.link_ref AND link.campaign_id = held.campaign_id
    LEFT JOIN unnest(%(types)s::text[], %(agents)s::text[], %(reasons)s::text[]) AS machine (event_type, agent, reason)
        ON machine.event_type = raw.event_type AND machine.agent = raw.user_agent
    WHERE raw.id = ANY(%(ids)s::bigint[])
    ORDER BY raw.id
    RETURNING campaign_recipient_id, event_type, is_machine, created_at
), human AS (
    SELECT campaign_recipient_id AS id, min(created_at) AS opened_at,
           min(created_at) FILTER (WHERE event_type = 'click') AS clicked_at
    FROM written WHERE NOT is_machine GROUP BY 1
), gained AS (
    SELECT recipient.campaign_id,
           count(*) FILTER (WHERE recipient.opened_at IS NULL) AS opened,
           count(*) FILTER (WHERE recipient.clicked_at IS NULL AND human.clicked_at IS NOT NULL) AS clicked
    FROM human JOIN campaign_recipients recipient USING (id) GROUP BY 1
), changed AS (
    UPDATE campaign_recipients recipient
    SET opened_at = least(recipient.opened_at, human.opened_at),
        clicked_at = least(recipient.clicked_at, human.clicked_at)
    FROM human
    WHERE recipient.id = human.id
      AND (least(recipient.opened_at, human.opened_at) IS DISTINCT FROM recipient.opened_at
           OR least(recipient.clicked_at, human.clicked_at) IS DISTINCT FROM recipient.clicked_at)
)
SELECT campaign_id, opened, clicked FROM gained WHERE opened > 0 OR clicked > 0 ORDER BY campaign_id
"""
