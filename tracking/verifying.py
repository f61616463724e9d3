"""What `verify_schema` asks of events: do the first times of recipients follow from them, and did opting out hold?"""

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

from campaigns.tallies.renew import COUNTERS
from campaigns_project.verification.finding import Finding
from campaigns_project.verification.rows import FIX_SQL, Fault, scan
from tracking.analytics.clock import CLOCK
from tracking.days.count import KIND, counted_days
from tracking.forgetting.details import AHEAD, HAS_DETAILS, OF_ORGANIZATION
from tracking.models import CampaignDay
from tracking.sources import Source

# Which events make a first time. A dead address may be learned of at the mail server, without an event.
_FIRST = {
    "opened_at": "event_type IN ('open', 'click') AND NOT is_machine",
    "clicked_at": "event_type = 'click' AND NOT is_machine",
    "replied_at": "event_type = 'reply'",
    "bounced_at": "event_type = 'bounce' AND event_data ->> 'kind' = 'hard'",
}
_MINIMA = ", ".join(f"min(created_at) FILTER (WHERE {which}) AS {field}" for field, which in _FIRST.items())

_RECIPIENTS = f"""
campaign_recipients recipient
JOIN campaigns campaign ON campaign.id = recipient.campaign_id AND campaign.deleting_at IS NULL
LEFT JOIN (SELECT campaign_recipient_id, {_MINIMA} FROM email_tracking GROUP BY campaign_recipient_id) event
    ON event.campaign_recipient_id = recipient.id
"""  # noqa: S608 - a text of our own

# On our own pages an unsubscribe carries the time of the request. It is final for this recipient, whatever is lifted
# later; the minute is for locks it may have waited for, and for clocks. What another lead had said before the two were
# made one, the mails to this one could not know.
_UNSUBSCRIBED = f"""
(
    SELECT campaign_recipient_id, created_at FROM email_tracking
    WHERE event_type = 'unsubscribe' AND source IN ('{Source.UNSUBSCRIBE_PAGE}', '{Source.ONE_CLICK}')
      AND NOT jsonb_exists(event_data, 'merged_lead')
) event
JOIN campaign_messages message ON message.recipient_id = event.campaign_recipient_id
"""  # noqa: S608 - a text of our own


def check_first_times(cursor: CursorWrapper) -> Iterable[Finding]:
    """The first open, click, reply and bounce of every recipient are the first of their events."""
    return scan(cursor, source=_RECIPIENTS, key="recipient.id", faults=_FIRST_TIMES)


def check_unsubscribed(cursor: CursorWrapper) -> Iterable[Finding]:
    """Whoever unsubscribed on our page got nothing more in that campaign."""
    return scan(cursor, source=_UNSUBSCRIBED, key="message.id", faults=_AFTERWARDS)


def check_details(cursor: CursorWrapper) -> Iterable[Finding]:
    """No details of events and no words of mails are kept past their time; nothing is read where nobody set one."""
    cursor.execute(_REACHED)
    reached = [tuple(map(int, row)) for row in cursor.fetchall()]
    if not reached:
        return []
    kept = f"(VALUES {', '.join(map(str, reached))}) AS kept (organization_id, days, first_young)"
    on = f"JOIN {kept} ON kept.organization_id ="
    return [
        *scan(cursor, source=f"{_EVENTS} {on} campaign.organization_id", key="event.id", faults=_DETAILS),
        *scan(cursor, source=f"inbound_mails mail {on} mail.organization_id", key="mail.id", faults=_WORDS),
    ]


def check_days(cursor: CursorWrapper) -> Iterable[Finding]:
    """The days of every campaign are what counting gives; not asked where something has happened since."""
    return scan(cursor, source=_DAYS, key="coalesce(kept.campaign_id, counted.campaign_id)", faults=_DAYS_WRONG)


def _wrong(field: str) -> Fault:
    differs = f"event.{field} IS DISTINCT FROM recipient.{field}"
    later = f"event.{field} IS NOT NULL AND (recipient.{field} IS NULL OR recipient.{field} > event.{field})"
    first = (
        f"SELECT min(created_at) FROM email_tracking WHERE campaign_recipient_id = campaign_recipients.id"  # noqa: S608
        f" AND {_FIRST[field]}"
    )
    return Fault(
        id="first_time_wrong",
        where=f"campaign_recipients.{field}",
        message="The recipients' first time is not that of the first event.",
        condition=later if field == "bounced_at" else differs,
        fix=FIX_SQL,
        fix_sql=f"UPDATE campaign_recipients SET {field} = ({first}) WHERE {field} IS DISTINCT FROM ({first})"  # noqa: S608
        + (f" AND ({first}) IS NOT NULL;" if field == "bounced_at" else ";"),
    )


_FIRST_TIMES = [_wrong(field) for field in _FIRST]
_AFTERWARDS = [
    Fault(
        id="sent_after_exit",
        where="campaign_messages.attempted_at",
        message="They left after their recipient had unsubscribed.",
        condition="message.status IN ('sending', 'sent', 'uncertain')"
        " AND message.attempted_at > event.created_at + interval '1 minute'",
        fix="Nothing takes a mail back. Check that the clocks of the machines agree; else report it as a fault.",
    )
]

_LIMIT = "now() - interval '2 days' - {} * interval '1 day'"
# Events lose their details in the order in which they came in (`forgetting.details`): those behind the first that is
# young may have come in lately, and tell of what happened long ago.
_REACHED = f"""
SELECT organization.id, organization.details_kept_days, coalesce((
    SELECT min(event.id) FROM email_tracking event WHERE event.id > organization.details_cleared_to
      AND event.created_at >= {_LIMIT.format("organization.details_kept_days")}
      AND event.created_at < now() + {AHEAD}), 9223372036854775807)
FROM organizations organization WHERE organization.details_kept_days IS NOT NULL ORDER BY organization.id
"""  # noqa: S608 - a text of our own
_EVENTS = f"email_tracking event {OF_ORGANIZATION}"
_DETAILS = [
    Fault(
        id="details_kept_too_long",
        where="email_tracking.event_data",
        message="Their details are kept for longer than their organization keeps those of events.",
        condition=f"campaign.deleting_at IS NULL AND {HAS_DETAILS} AND event.id < kept.first_young"
        f" AND event.created_at < {_LIMIT.format('kept.days')}",
        fix="manage.py forget_old --anew. Workers do so every hour with what is new: see whether they run.",
    )
]
_WORDS = [
    Fault(
        id="words_kept_too_long",
        where="inbound_mails.text",
        message="Their words are kept for longer than their organization keeps the details of events.",
        condition="mail.status = 'settled' AND mail.words_cleared_at IS NULL"
        f" AND mail.created_at < {_LIMIT.format('kept.days')}",
        fix="manage.py forget_old. Workers do so every hour: see whether they run.",
    )
]

# Counters that have not moved since say that the days are as they were counted.
_UP_TO_DATE = f"""
SELECT campaign.id FROM campaigns campaign
JOIN campaign_tallies tally ON tally.campaign_id = campaign.id AND tally.kind = '{KIND}'
WHERE campaign.deleting_at IS NULL AND tally.figures ->> 'timezone' = {CLOCK}
  AND tally.counters = jsonb_build_array({", ".join(f"campaign.{name}" for name in COUNTERS)})
"""  # noqa: S608 - a text of our own
_DAYS = f"""
(SELECT * FROM campaign_days WHERE campaign_id IN ({_UP_TO_DATE})) AS kept
FULL JOIN ({counted_days(f"campaign.id IN ({_UP_TO_DATE})", clock=CLOCK)}) AS counted
    ON counted.campaign_id = kept.campaign_id AND counted.day = kept.day
"""  # noqa: S608 - a text of our own
_DAYS_WRONG = [
    Fault(
        id="day_wrong",
        where=f"campaign_days.{name}",
        message="The number of a campaign's day is not what counting gives.",
        condition=f"coalesce(kept.{name}, 0) <> coalesce(counted.{name}, 0)",
        fix="manage.py rollup_stats --all",
    )
    for name in CampaignDay.NUMBERS
]
