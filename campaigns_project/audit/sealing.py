"""Seal what was written to the audit log, in batches for each organization; the tick does it."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import batched

from django.db import connection, transaction

from campaigns_project.audit.chain import ENTRY_CHAIN, ENTRY_DIGEST, link, sign
from campaigns_project.audit.models import AuditSeal, ChainHead

SEAL_LOCK = 0x666C736C  # "flsl": one at a time, or two would go on from the same link
ENTRIES_PER_SEAL = 500  # one link each for quiet organizations, few for a busy one
AT_ONCE = 5_000  # entries in one transaction, well below a second
TURNS = 10  # transactions in one run, so that the tick gets on with its other duties

log = logging.getLogger(__name__)

# Only what is committed can be read here, however its number stands to others. An entry that was removed before it was
# sealed stays on the list, where the verification finds it. The chain is asked of the entry itself, not of the list.
_TAKE = f"""
WITH waiting AS (
    SELECT q.entry_ref FROM audit_unsealed q JOIN audit_log a ON a.id = q.entry_ref ORDER BY q.entry_ref LIMIT %s
), taken AS (
    DELETE FROM audit_unsealed q USING waiting w WHERE q.entry_ref = w.entry_ref RETURNING q.entry_ref
)
SELECT {ENTRY_CHAIN}, a.id, {ENTRY_DIGEST} FROM taken t JOIN audit_log a ON a.id = t.entry_ref ORDER BY a.id
"""  # noqa: S608 - made of constants
_COVER = """
INSERT INTO audit_sealed_entries (seal_id, entry_ref, digest)
SELECT %s, each.* FROM unnest(%s::bigint[], %s::bytea[]) AS each
"""


def seal(*, now: datetime) -> int:
    """Seal what waits, the oldest first, up to a bound; answers how many entries. 0 also where another one is at it."""
    sealed = 0
    for _turn in range(TURNS):
        done = _seal_some(now)
        sealed += done
        if done < AT_ONCE:
            break
    return sealed


@transaction.atomic
def _seal_some(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM audit_unsealed) AND pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_TAKE, [AT_ONCE])  # a statement of its own: it must see what the last holder of the lock did
        taken = cursor.fetchall()
    by_chain: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for chain, entry, digest in taken:
        by_chain[chain].append((entry, digest))
    heads = [_extend(chain, entries, now) for chain, entries in by_chain.items()]
    if heads:
        # Kept outside the database, a line like this proves later that nothing was cut off an end.
        places = ", ".join(f"{head.chain}:{head.number}:{head.hash}" for head in heads)
        log.info("sealed %s entries of the audit log; chains end at %s", len(taken), places)
    return len(taken)


def _extend(chain: int, entries: Sequence[tuple[int, bytes]], now: datetime) -> ChainHead:
    """Put links for `entries` at the end of the chain; answers the new end."""
    head = ChainHead.objects.filter(chain=chain).first() or ChainHead(chain=chain, number=0, hash="")
    for some in batched(entries, ENTRIES_PER_SEAL, strict=False):
        made = _link_on(head, some, now)
        is_first = head.number == 0
        head.number, head.hash = made.number, made.hash
        head.save(force_insert=is_first, force_update=not is_first)
    return head


def _link_on(head: ChainHead, entries: Sequence[tuple[int, bytes]], now: datetime) -> AuditSeal:
    numbers, digests = [entry for entry, _digest in entries], [digest for _entry, digest in entries]
    hashed = link(
        chain=head.chain,
        number=head.number + 1,
        entries=len(entries),
        previous=head.hash,
        digest=hashlib.sha256(b"".join(digests)).hexdigest(),
    )
    signature, key_name = sign(hashed)
    made = AuditSeal.objects.create(
        chain=head.chain,
        number=head.number + 1,
        entries=len(entries),
        previous_hash=head.hash,
        hash=hashed,
        signature=signature,
        key_name=key_name,
        sealed_at=now,
    )
    with connection.cursor() as cursor:
        cursor.execute(_COVER, [made.pk, numbers, digests])
    return made
