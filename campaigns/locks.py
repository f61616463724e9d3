"""Advisory locks of campaigns, by kind. Taken as a statement of their own: a statement's snapshot is older than a lock
it takes itself, and counts made from it would be wrong."""

from enum import IntEnum

from django.db import connection


class Lock(IntEnum):
    """First half of the lock's key; the second is an id."""

    AUDIENCE = 0x4601  # of an organization: who is enrolled where
    LANE = 0x4602  # a sending lane


def hold_audience(organization_id: int) -> None:
    """Wait until nobody else enrolls, starts or stops in this organization; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.AUDIENCE, organization_id % 2**31])
