"""Who works is heard of: the lease of what was claimed together is renewed, and dropped when all of it is settled."""

from collections.abc import Iterable

from django.db import connection

from campaigns.sending.claim import LEASE, Claim


def renew(claims: Iterable[Claim]) -> bool:
    """Let the leases of these claims, and so of all that were claimed with them, begin anew.

    False when one is gone: its worker was taken for dead, and what it had in hand is settled.
    """
    leases = list({claim.lease for claim in claims})
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, {"leases": leases, "lease": LEASE.total_seconds()})
        return cursor.rowcount == len(leases)


def drop(lease: int) -> None:
    """Nothing is in flight under it any more, so nobody need look after it. To be called outside of transactions."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sending_leases WHERE id = %s", [lease])


_RENEW = """
UPDATE sending_leases SET until = clock_timestamp() + %(lease)s * interval '1 second'
WHERE id = ANY(%(leases)s::bigint[])
"""
