"""Whether the audit log is as it was sealed: nothing changed, removed, slipped in, reordered or cut off."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from campaigns_project.audit.chain import ENTRY_CHAIN, ENTRY_DIGEST, SEALED_DIGEST, is_signed, link
from campaigns_project.verification.finding import SAMPLES, Finding, Severity

SEALS_AT_ONCE = 2_000  # held in memory together
# Longer than any transaction that writes an entry, and than clocks of two machines differ.
LATE = timedelta(days=1)
LOOK = "Nothing mends it: find out who can write to the database, and compare with a backup."

# One pass over the log, beside what is known of it by number. Only sums and samples leave the database.
_ENTRIES = f"""
SELECT fault, count(*), (array_agg(id ORDER BY id))[1:{SAMPLES}]
FROM (
    SELECT coalesce(a.id, e.entry_ref, q.entry_ref) AS id,
        CASE
            WHEN a.id IS NULL THEN 'audit_entry_removed'
            WHEN e.entry_ref IS NULL AND q.entry_ref IS NULL THEN 'audit_entry_unsealed'
            WHEN e.digest <> {ENTRY_DIGEST} THEN 'audit_entry_changed'
            WHEN coalesce(s.chain, q.chain) <> {ENTRY_CHAIN} THEN 'audit_entry_moved'
        END AS fault
    FROM audit_log a
    FULL JOIN audit_sealed_entries e ON e.entry_ref = a.id
    FULL JOIN audit_unsealed q ON q.entry_ref = coalesce(a.id, e.entry_ref)
    LEFT JOIN audit_seals s ON s.id = e.seal_id
) AS judged
WHERE fault IS NOT NULL GROUP BY fault ORDER BY fault
"""  # noqa: S608 - made of constants
_SEALS = f"""
SELECT s.chain, s.number, s.entries, s.previous_hash, s.hash, s.signature, s.key_name, s.sealed_at, under.*
FROM audit_seals s CROSS JOIN LATERAL (
    SELECT count(*), coalesce(encode({SEALED_DIGEST}, 'hex'), ''), min(a.created_at), max(a.created_at)
    FROM audit_sealed_entries e LEFT JOIN audit_log a ON a.id = e.entry_ref WHERE e.seal_id = s.id
) AS under
WHERE (s.chain, s.number) > (%s, %s) ORDER BY s.chain, s.number LIMIT {SEALS_AT_ONCE}
"""  # noqa: S608 - the same
_SAID = {
    "audit_entry_changed": ("entries of the audit log are not as they were sealed", Severity.ERROR, LOOK),
    "audit_entry_moved": ("entries stand in the chain of another organization", Severity.ERROR, LOOK),
    "audit_entry_removed": ("entries of the audit log are gone", Severity.ERROR, LOOK),
    "audit_entry_unsealed": ("entries were written past the trigger that has them sealed", Severity.ERROR, LOOK),
    "audit_entry_dated_back": ("seals cover entries that claim to be older than others sealed long before them",
                               Severity.WARNING, LOOK),
    "audit_seal_missing": ("seals are missing from the middle of a chain", Severity.ERROR, LOOK),
    "audit_seal_changed": ("seals do not fit what they cover or where they stand", Severity.ERROR, LOOK),
    "audit_link_broken": ("seals were made behind another one than stands before them", Severity.ERROR, LOOK),
    "audit_signature_wrong": ("seals were not made by this installation", Severity.ERROR, LOOK),
    "audit_key_missing": ("seals are signed with a key that is not here, so who made them cannot be told",
                          Severity.WARNING, "Put the former key behind the present one in FIELD_ENCRYPTION_KEYS."),
    "audit_tail_cut": ("chains do not end where they ended before", Severity.ERROR, LOOK),
    "audit_past_rewritten": ("chains are not those whose ends were kept elsewhere", Severity.ERROR, LOOK),
}  # fmt: skip

Ends = Mapping[int, tuple[int, str]]  # by chain: number and hash of its last seal


class _Seal(NamedTuple):
    chain: int
    number: int
    entries: int
    previous: str
    hash: str
    signature: str
    key_name: str
    sealed_at: datetime
    found: int
    digest: str
    oldest: datetime | None
    newest: datetime | None


def verify_chain(cursor: CursorWrapper, known: Ends | None = None) -> Iterable[Finding]:
    """What is wrong with the log, its seals and its chains; `known` are ends of chains that were kept elsewhere.

    To be asked in one snapshot. Memory stays small however long the log is. Samples are numbers of entries, or of
    seals as chain:number; the chain of what belongs to no organization is 0.
    """
    cursor.execute(_ENTRIES)
    for fault, count, samples in cursor.fetchall():
        yield _finding(fault, count, samples)
    counts: Counter[str] = Counter()
    samples_of: dict[str, list[str]] = defaultdict(list)
    for fault, sample in _faults_of_seals(cursor, known or {}):
        counts[fault] += 1
        if counts[fault] <= SAMPLES:
            samples_of[fault].append(sample)
    yield from (_finding(fault, counts[fault], samples_of[fault]) for fault in sorted(counts))


def ends(cursor: CursorWrapper) -> dict[int, tuple[int, str]]:
    """Where each chain ends now: to be kept outside the database, and shown to `verify_chain` later."""
    cursor.execute("SELECT chain, number, hash FROM audit_chain_heads ORDER BY chain")
    return {chain: (number, hashed) for chain, number, hashed in cursor.fetchall()}


def _faults_of_seals(cursor: CursorWrapper, known: Ends) -> Iterator[tuple[str, str]]:
    heads, found = ends(cursor), {}
    kept = {chain: number for chain, (number, _hash) in known.items()}
    seen: set[int] = set()
    newest: datetime | None = None
    before: _Seal | None = None
    for one in _seals(cursor):
        if before is None or before.chain != one.chain:
            before = newest = None
        for fault in _faults(one, before):
            yield fault, _place(one)
        # What stands before was written before this was sealed, whatever a clock that was ahead has said of it.
        if newest and one.oldest and one.oldest < min(newest, one.sealed_at) - LATE:
            yield "audit_entry_dated_back", _place(one)
        newest = max((each for each in (newest, one.newest) if each), default=None)
        if one.number == kept.get(one.chain) and one.hash == known[one.chain][1]:
            seen.add(one.chain)
        found[one.chain], before = (one.number, one.hash), one
    cut = [chain for chain in sorted({*heads, *found}) if heads.get(chain) != found.get(chain)]
    yield from (("audit_tail_cut", str(chain)) for chain in cut)
    yield from (("audit_past_rewritten", str(chain)) for chain in sorted(set(kept) - seen))


def _faults(one: _Seal, before: _Seal | None) -> Iterator[str]:
    if one.number != (before.number if before else 0) + 1:
        yield "audit_seal_missing"
    elif one.previous != (before.hash if before else ""):
        yield "audit_link_broken"
    made = link(chain=one.chain, number=one.number, entries=one.found, previous=one.previous, digest=one.digest)
    if made != one.hash or one.found != one.entries:
        yield "audit_seal_changed"
    signed = is_signed(one.hash, one.signature, one.key_name)
    if not signed:
        yield "audit_key_missing" if signed is None else "audit_signature_wrong"


def _seals(cursor: CursorWrapper) -> Iterator[_Seal]:
    after = (-1, 0)
    while True:
        cursor.execute(_SEALS, after)
        some = [_Seal(*row) for row in cursor.fetchall()]
        yield from some
        if len(some) < SEALS_AT_ONCE:
            return
        after = some[-1][:2]


def _place(one: _Seal) -> str:
    return f"{one.chain}:{one.number}"


def _finding(fault: str, count: int, samples: Iterable[object]) -> Finding:
    said, severity, fix = _SAID[fault]
    where = "audit_log" if fault.startswith("audit_entry") else "audit_seals"
    return Finding(fault, severity, where, f"{count:,} {said}.", count, [str(each) for each in samples], fix=fix)
