"""How entries and seals are hashed and signed. Changing anything here makes every seal there is look forged."""

import hashlib
import hmac

from campaigns_project.encryption import keys_for

PURPOSE = "audit seals"

# SHA-256 over the canonical JSON of an entry `a`: an array of its columns in this order, as Postgres writes jsonb (keys
# by length and then by byte, one space behind commas and colons), times as microseconds since 1970 in UTC.
ENTRY_DIGEST = """
sha256(convert_to(jsonb_build_array(
    a.id, a.organization_ref, a.actor_kind, a.actor_id, a.actor_name, a.via, a.action, a.entity_type, a.entity_id,
    a.entity_name, a.before, a.after, a.reason, a.request_id, host(a.ip_address),
    (extract(epoch FROM a.created_at) * 1000000)::bigint
)::text, 'UTF8'))
"""
# The chain an entry `a` belongs to.
ENTRY_CHAIN = "coalesce(a.organization_ref, 0)"
# SHA-256 over the digests of all entries of the seal `s`, in the order of their numbers.
SEALED_DIGEST = "sha256(string_agg(e.digest, ''::bytea ORDER BY e.entry_ref))"


def link(*, chain: int, number: int, entries: int, previous: str, digest: str) -> str:
    """The hash of one seal, hexadecimal: over its place in the chain, the hash before it and its entries' digest."""
    said = f"fairlead audit seal 1\n{chain}\n{number}\n{entries}\n{previous}\n{digest}"
    return hashlib.sha256(said.encode()).hexdigest()


def sign(hashed: str) -> tuple[str, str]:
    """The signature of a seal under the first key, and the name of that key."""
    key = keys_for(PURPOSE)[0]
    return _signature(hashed, key), _name(key)


def is_signed(hashed: str, signature: str, key_name: str) -> bool | None:
    """Whether `signature` is ours; None where the key it was made with is not in FIELD_ENCRYPTION_KEYS any more."""
    for key in keys_for(PURPOSE):
        if _name(key) == key_name:
            return hmac.compare_digest(_signature(hashed, key), signature)
    return None


def _signature(hashed: str, key: bytes) -> str:
    return hashlib.blake2b(hashed.encode(), key=key, digest_size=32).hexdigest()


def _name(key: bytes) -> str:
    """Tells keys apart and nothing of them."""
    return hashlib.sha256(b"name of " + key).hexdigest()[:16]
