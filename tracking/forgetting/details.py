"""The details of old events: who looked from where and by what program, and what servers said.

Events are gone through by number, each once, up to the first that is young. Numbers follow the order in which events
came in, and none comes in before it happened; so each loses its details when it has been here for that time, also one
that was told of months later.
"""

from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.forgetting import kept_since
from campaigns_project.accounts.models import Organization
from campaigns_project.database.plans import by_index

BATCH = 2_000  # events that are looked at in one transaction
LOOKED_BACK = 1_000  # numbers before the last: of one that was given earlier and committed later
CLEARED = "details_cleared_at"
# What says nothing but what happened: the kind and code of a bounce, which link, of which merged lead it was.
KEPT = ("kind", "status", "code", "link_id", "url", "merged_lead")


def forget_details(*, organization: Organization, now: datetime) -> tuple[int, bool]:
    """Clear the details of the old ones among the next events; of how many, and whether there may be more.

    Whoever holds one of them at this moment is not waited for: it ends there, and goes on there the next time.
    """
    before = kept_since(organization.details_kept_days, now)
    if before is None:
        return 0, False
    reached = organization.details_cleared_to
    wanted: dict[str, Any] = {"organization": organization.pk, "before": before, "after": reached, "batch": BATCH}
    with by_index() as cursor:
        cursor.execute(_NEXT, wanted)
        up_to = max(cursor.fetchone()[0] or 0, reached)
        cursor.execute(_FIND, {**wanted, "from": reached - LOOKED_BACK, "to": up_to})
        found = [number for (number,) in cursor.fetchall()]
        cursor.execute(_CLEAR, {"found": found, "now": now})
        cleared = cursor.rowcount
        if cleared < len(found):
            return cleared, False
        this = Organization.objects.filter(pk=organization.pk, details_cleared_to=reached)
        this.update(details_cleared_to=up_to)
    return cleared, up_to > reached


def begin_anew(*, organization: Organization) -> None:
    """Have all events gone through once more, for those that got in behind: by a restore, by hand."""
    Organization.objects.filter(pk=organization.pk).update(details_cleared_to=0)


def count_old_details(*, organization: Organization, now: datetime, anew: bool) -> int:
    """How many events would lose their details now, in any number of turns."""
    before = kept_since(organization.details_kept_days, now)
    if before is None:
        return 0
    after = 0 if anew else max(organization.details_cleared_to - LOOKED_BACK, 0)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"organization": organization.pk, "before": before, "after": after})
        return cursor.fetchone()[0]


AHEAD = "interval '1 day'"  # one that is dated far ahead, by whatever mistake, must not be in the way of all others
_names = ", ".join(f"'{name}'" for name in (*KEPT, CLEARED))
_pairs = ", ".join(f"'{name}', event.event_data -> '{name}'" for name in KEPT)
HAS_DETAILS = f"""
(event.ip_address IS NOT NULL OR event.user_agent <> '' OR event.event_data - ARRAY[{_names}] <> '{{}}')
"""
OF_ORGANIZATION = """
    JOIN campaign_recipients recipient ON recipient.id = event.campaign_recipient_id
    JOIN campaigns campaign ON campaign.id = recipient.campaign_id
"""
_NEXT = f"""
WITH next AS MATERIALIZED (
    SELECT id, created_at FROM email_tracking WHERE id > %(after)s ORDER BY id LIMIT %(batch)s
)
SELECT coalesce(min(id) FILTER (WHERE created_at >= %(before)s AND created_at < now() + {AHEAD}) - 1, max(id)) FROM next
"""  # noqa: S608 - texts of our own
_OLD = f"""
    FROM email_tracking event {OF_ORGANIZATION}
    WHERE event.created_at < %(before)s AND campaign.organization_id = %(organization)s AND {HAS_DETAILS}
"""
# First the events, then whose they are: the other way round it would be a whole campaign for a few of them.
_FIND = f"""
WITH event AS MATERIALIZED (
    SELECT event.id, event.campaign_recipient_id FROM email_tracking event
    WHERE event.id > %(from)s AND event.id <= %(to)s AND event.created_at < %(before)s AND {HAS_DETAILS}
)
SELECT event.id FROM event {OF_ORGANIZATION} WHERE campaign.organization_id = %(organization)s
"""  # noqa: S608 - texts of our own
_CLEAR = f"""
WITH old AS MATERIALIZED (
    SELECT event.id FROM email_tracking event WHERE event.id = ANY(%(found)s::bigint[]) AND {HAS_DETAILS}
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE email_tracking event SET ip_address = NULL, user_agent = '',
    event_data = jsonb_strip_nulls(jsonb_build_object({_pairs}, '{CLEARED}', %(now)s::timestamptz))
FROM old WHERE event.id = old.id
"""  # noqa: S608 - texts of our own
_COUNT = f"""
SELECT count(*) {_OLD} AND event.id > %(after)s AND event.id < coalesce(
    (SELECT min(young.id) FROM email_tracking young WHERE young.id > %(after)s
        AND young.created_at >= %(before)s AND young.created_at < now() + {AHEAD}),
    9223372036854775807)
"""  # noqa: S608 - texts of our own
