"""Suppressions whose time has passed: they forbid nothing any more, and now they go."""

from collections import Counter
from datetime import datetime

from django.db import connection, transaction

from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import Subject, record

BATCH = 5_000


def remove_expired(*, now: datetime) -> int:
    """Remove them and have their leads shown as they are; nobody is put back into a campaign. Returns how many.

    From the moment at which it expires a suppression counts nowhere, whether this was done or not.
    """
    total = 0
    while removed := _remove_some(now):
        total += removed
    return total


@transaction.atomic
def _remove_some(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE, {"now": now, "batch": BATCH})
        by_organization = Counter(row[0] for row in cursor.fetchall())
    for organization, number in sorted(by_organization.items()):
        record(
            action="suppression.expired",
            entity=Subject("suppression"),
            organization_id=organization,
            actor=SYSTEM,
            after={"removed": number},
        )
    return by_organization.total()


# An address stands once for the whole organization: with its row gone, nothing is left that the lead's state is of.
_REMOVE = """
WITH over AS (
    SELECT id FROM suppressions WHERE expires_at <= %(now)s ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), removed AS (
    DELETE FROM suppressions USING over WHERE suppressions.id = over.id
    RETURNING suppressions.organization_id, suppressions.address, suppressions.campaign_id
), shown AS (
    UPDATE leads SET status = 'ok' FROM removed
    WHERE leads.organization_id = removed.organization_id AND leads.email_normalized = removed.address
      AND removed.campaign_id IS NULL AND leads.status <> 'ok'
)
SELECT organization_id FROM removed
"""
