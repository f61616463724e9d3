"""Campaigns whose window follows the clock of each lead."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.models import Campaign, Recipient, WindowZone
from campaigns.scheduling import has_window, next_opening, zone_for
from campaigns_project.accounts.timezones import known_zones, zone_of

FRONT = 2_000  # of those who are due, how many are looked at together: more than a worker claims


def zones_of(campaign: Campaign, recipients: Iterable[int]) -> dict[int, ZoneInfo]:
    """Whose clock holds for each recipient, by id; empty in a campaign that goes by its own. One query at most."""
    if campaign.window_zone != WindowZone.LEAD:
        return {}
    rows = Recipient.objects.filter(pk__in=list(recipients)).values_list("pk", "lead__timezone")
    return {pk: zone_for(campaign, name) for pk, name in rows}


def set_back_closed(campaign: Campaign, *, now: datetime) -> int:
    """Who is due while it is night for them waits for their own window; returns how many that were.

    For those at the front of the queue, so that what is claimed next can leave.
    """
    if campaign.window_zone != WindowZone.LEAD or not has_window(campaign):
        return 0
    closed = _closed_zones(campaign, now)
    total = 0
    while closed:
        moved = _set_back(campaign, closed, now)
        total += moved
        if moved < FRONT:  # somebody at the front can be sent to
            break
    return total


def _closed_zones(campaign: Campaign, now: datetime) -> dict[str, datetime]:
    """When the window opens where it is shut now, by name of the zone; the campaign's own has none."""
    zones = {name: ZoneInfo(name) for name in known_zones()} | {"": zone_of(campaign.timezone)}
    opens = {name: next_opening(campaign, now, zone) for name, zone in zones.items()}
    return {name: at for name, at in opens.items() if at > now}


def _set_back(campaign: Campaign, closed: dict[str, datetime], now: datetime) -> int:
    wanted: dict[str, Any] = {
        "campaign": campaign.pk,
        "now": now,
        "known": sorted(known_zones()),
        "zones": list(closed),
        "opens": list(closed.values()),
        "front": FRONT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SET_BACK, wanted)
        return cursor.rowcount


_SET_BACK = """
WITH front AS MATERIALIZED (
    SELECT id, lead_id FROM campaign_recipients
    WHERE campaign_id = %(campaign)s AND status IN ('pending', 'sent') AND next_send_at <= %(now)s
    ORDER BY next_send_at, id LIMIT %(front)s
), shut AS (
    SELECT recipient.id, closed.opens
    FROM front
    JOIN campaign_recipients recipient ON recipient.id = front.id
    JOIN leads lead ON lead.id = front.lead_id
    JOIN unnest(%(zones)s::text[], %(opens)s::timestamptz[]) AS closed(zone, opens)
        ON closed.zone = CASE WHEN lead.timezone = ANY(%(known)s::text[]) THEN lead.timezone ELSE '' END
    WHERE recipient.status IN ('pending', 'sent') AND recipient.next_send_at <= %(now)s
    ORDER BY recipient.id
    FOR UPDATE OF recipient SKIP LOCKED
)
UPDATE campaign_recipients recipient SET next_send_at = shut.opens, updated_at = %(now)s
FROM shut WHERE recipient.id = shut.id
"""
