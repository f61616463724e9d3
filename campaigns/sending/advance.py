"""Move recipients on after their message was settled. Called under the locks of `record`, `recover` and `evidence`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Case, Value, When

from campaigns.models import Campaign, ExitReason, Recipient, RecipientStatus, Step
from campaigns.scheduling import due_after, waits_by_lead
from campaigns.sending.clocks import zones_of
from campaigns.telling import tell_of_exits, tell_of_mails
from campaigns_project.database.arrays import bigints, numbered
from campaigns_project.webhooks.emit import hears_sql
from campaigns_project.webhooks.events import EventType

# Where a recipient goes back to that is not being sent to any more: has it had a mail already?
WAITING_AGAIN = Case(When(sent_at=None, then=Value(RecipientStatus.PENDING)), default=Value(RecipientStatus.SENT))
# Who may have a mail in hand, or one that nobody knows of.
_MAY_HAVE_ONE = [RecipientStatus.PENDING, RecipientStatus.SENT, RecipientStatus.PAUSED]


class Sent(NamedTuple):
    """A mail that was sent: to whom, of which step, through which sender, None where that one is gone."""

    recipient: int
    step: int
    sender: int | None


def lock_recipients(ids: Iterable[int]) -> None:
    """Lock these rows in the order everybody keeps (recipients by id, then messages, then campaign counters)."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [bigints(ids)])


def advance(sent: Sequence[Sent], *, campaign: Campaign, at: datetime) -> None:
    """After mails were sent: their recipients go on to the next step, or out where there is none.

    From now on they stay with the sender. Whoever left meanwhile, or waits for another step by now, stays where they
    are; the mail still counts.
    """
    steps = list(Step.objects.raw(_STEPS, [campaign.pk]))
    ways = _ways(sent, {step.pk: following for step, following in pairwise(steps)}, campaign, at)
    places = numbered(ways)
    step, sender, following, due = zip(*places, strict=True)
    wanted: dict[str, Any] = {"step": list(step), "sender": list(sender), "following": list(following)}
    wanted |= {"recipients": bigints(one.recipient for one in sent), "places": bigints(places[way] for way in ways)}
    wanted |= {"due": list(due), "at": at, "number": len(sent), "campaign": campaign.pk}
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, wanted)
        told = cursor.fetchone()
    if told is not None:
        _tell(sent, *told, campaign=campaign, at=at)


def _tell(
    sent: Sequence[Sent], done: list[int] | None, hears_of_mails: bool, *, campaign: Campaign, at: datetime
) -> None:
    """Webhooks, where somebody listens: of those who are through (else nobody is named), and of the mails."""
    if done:
        tell_of_exits(done, reason=ExitReason.COMPLETED, at=at)
    if hears_of_mails:
        tell_of_mails([(one.recipient, one.step) for one in sent], campaign=campaign, at=at)


class _Way(NamedTuple):
    """From the step that was sent through a sender to the following one, at its hour; None where there is none."""

    step: int
    sender: int | None
    following: int | None
    due: datetime | None


def _ways(sent: Sequence[Sent], following: Mapping[int, Step], campaign: Campaign, at: datetime) -> list[_Way]:
    """The way each goes in turn; the hour is by the recipient's own clock where the days differ by lead."""
    is_by_lead = any(waits_by_lead(step, campaign) for step in following.values())
    zones = zones_of(campaign, (one.recipient for one in sent)) if is_by_lead else {}

    @cache
    def way(step: int, sender: int | None, zone: ZoneInfo | None) -> _Way:
        if step not in following:
            return _Way(step, sender, None, None)
        due = due_after(following[step], campaign=campaign, at=at, zone=zone)
        return _Way(step, sender, following[step].pk, due)

    return [way(one.step, one.sender, zones.get(one.recipient)) for one in sent]


# Raw, since it is read after every slice of mail: writing a query takes longer than asking it.
_STEPS = """
SELECT id, campaign_id, position, wait_amount, wait_unit FROM campaign_steps WHERE campaign_id = %s ORDER BY position
"""

_LOCK = "SELECT FROM campaign_recipients WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
# By the keys that are given, each table once: joined with itself by the keys found, as an update over a relation is, a
# table that the planner takes for empty is looked through for each row of the other, and again for each of those.
_SKIP = """
UPDATE campaign_messages message SET status = 'skipped', reason = recipient.exit_reason
FROM campaign_recipients recipient
WHERE message.id = ANY(%(messages)s::bigint[]) AND message.status IN ('pending', 'deferred')
  AND recipient.id = message.recipient_id AND recipient.exit_reason <> ''
"""
_STAY = """
UPDATE campaign_recipients recipient SET sender_id = message.sender_id
FROM campaign_messages message
WHERE message.id = ANY(%(messages)s::bigint[]) AND recipient.id = message.recipient_id
"""
_FREE = """
UPDATE campaign_recipients SET sender_id = NULL
WHERE id = ANY(%(recipients)s::bigint[]) AND status = 'pending' AND sent_at IS NULL
  AND id <> ALL(ARRAY(
      SELECT recipient_id FROM campaign_messages
      WHERE recipient_id = ANY(%(recipients)s::bigint[]) AND first_deferred_at IS NOT NULL))
"""

# One statement, since it is run after every slice of mail. Whoever has had the last step is left as `stop_recipients`
# leaves people; no message of theirs can be waiting. A sender may have been deleted while its server took the mail.
_ADVANCE = f"""
WITH known AS (
    SELECT id FROM senders WHERE id = ANY(%(sender)s::bigint[]) FOR KEY SHARE
), before AS (
    SELECT recipient.id, known.id AS sender, way.following, way.due, recipient.sent_at IS NULL AS is_first,
           waits.for_it AS is_in, waits.for_it AND way.following IS NULL AS is_done
    FROM unnest(%(recipients)s::bigint[], %(places)s::bigint[]) AS mail(recipient, place)
    JOIN unnest(%(step)s::bigint[], %(sender)s::bigint[], %(following)s::bigint[], %(due)s::timestamptz[])
        WITH ORDINALITY AS way(step, sender, following, due, place) ON way.place = mail.place
    LEFT JOIN known ON known.id = way.sender
    JOIN campaign_recipients recipient ON recipient.id = mail.recipient
    CROSS JOIN LATERAL (SELECT recipient.status IN ('pending', 'sent', 'paused')
        AND recipient.next_step_id IS NOT DISTINCT FROM way.step AS for_it) waits
), moved AS (
    UPDATE campaign_recipients recipient SET
        sent_at = coalesce(recipient.sent_at, %(at)s), sender_id = coalesce(before.sender, recipient.sender_id),
        status = CASE WHEN is_done THEN 'completed' WHEN is_in THEN 'sent' ELSE recipient.status END,
        exit_reason = CASE WHEN is_done THEN 'completed' ELSE recipient.exit_reason END,
        exited_at = CASE WHEN is_done THEN %(at)s ELSE recipient.exited_at END,
        occupies = recipient.occupies AND NOT is_done,
        next_step_id = CASE WHEN is_in THEN before.following ELSE recipient.next_step_id END,
        next_send_at = CASE WHEN is_in THEN before.due ELSE recipient.next_send_at END,
        error_message = CASE WHEN is_in THEN '' ELSE recipient.error_message END,
        updated_at = %(at)s
    FROM before WHERE recipient.id = before.id
    RETURNING before.id, before.is_first, before.is_done
)
UPDATE campaigns campaign SET
    emails_sent = emails_sent + %(number)s,
    recipients_reached = recipients_reached + told.first,
    active_leads_count = active_leads_count - told.done,
    completed_leads_count = completed_leads_count + told.done
FROM (SELECT count(*) FILTER (WHERE is_first) AS first, count(*) FILTER (WHERE is_done) AS done,
             array_agg(id) FILTER (WHERE is_done) AS through FROM moved) told
WHERE campaign.id = %(campaign)s
RETURNING CASE WHEN {hears_sql(EventType.RECIPIENT_EXITED, organization="campaign.organization_id")}
               THEN told.through END,
          {hears_sql(EventType.MESSAGE_SENT, organization="campaign.organization_id")}
"""  # noqa: S608 - of our own words alone


def wait_again(recipients: Mapping[int, datetime], *, note: str = "", at: datetime) -> None:
    """Back to waiting, each due at its time; `note` is shown on the recipient's page."""
    by_time: dict[datetime, list[int]] = defaultdict(list)
    for recipient, due in recipients.items():
        by_time[due].append(recipient)
    for due, ids in by_time.items():
        _inside(ids).update(status=WAITING_AGAIN, next_send_at=due, error_message=note[:2000], updated_at=at)


def free_to_move(recipients: Sequence[int]) -> None:
    """Those who had no mail yet need not wait for the sender that has no room for them: any other may take them.

    One whose mail was deferred stays: its server expects the retry from where the first try came.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FREE, {"recipients": bigints(recipients)})


def skip_for_those_who_left(messages: Iterable[int]) -> None:
    """Of messages that went back to waiting, those whose recipient left meanwhile have nobody to wait for."""
    with connection.cursor() as cursor:
        cursor.execute(_SKIP, {"messages": bigints(messages)})


def hold_for_a_decision(recipients: Iterable[int], *, note: str, at: datetime) -> None:
    """Uncertain mails: nothing more goes to these people until evidence or a person decides."""
    _inside(recipients).update(
        status=RecipientStatus.PAUSED, next_send_at=None, error_message=note[:2000], updated_at=at
    )


def stay_with_sender(messages: Iterable[int]) -> None:
    """Recipients of mails that a server was asked to take go on with the sender it knows them from."""
    with connection.cursor() as cursor:
        cursor.execute(_STAY, {"messages": bigints(messages)})


def _inside(ids: Iterable[int]):
    return Recipient.objects.filter(pk__in=list(ids), status__in=_MAY_HAVE_ONE)
