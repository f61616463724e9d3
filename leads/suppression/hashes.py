"""What is kept of an erased person: a keyed hash of the address, which tells nobody but lets us know it again."""

import hmac
from collections.abc import Collection
from hashlib import sha256

from campaigns_project.encryption import keys_for
from leads.models import Suppression

_PURPOSE = "suppression hash"


def hash_of(organization_id: int, address: str) -> str:
    """The hash the normalized `address` is kept by in this organization, under the key in use; 64 hexadecimal digits.

    Each organization has hashes of its own, so that nobody sees from two lists that they have a person in common.
    """
    return hashes_of(organization_id, address)[0]


def hashes_of(organization_id: int, address: str) -> list[str]:
    """All hashes the address may be kept by, one for each key there is: for look-ups, since keys are changed."""
    told = f"{organization_id}:{address}".encode()
    return [hmac.digest(key, told, sha256).hex() for key in keys_for(_PURPOSE)]


def erased_among(organization_id: int, addresses: Collection[str]) -> set[str]:
    """Those of the normalized `addresses` that belong to erased persons: no lead may be made of them.

    One query, and no more than that where nobody was ever erased; for any number of addresses at once.
    """
    erased = Suppression.objects.filter(organization_id=organization_id).exclude(address_hash="")
    if not erased.exists():
        return set()
    by_hash = {one: address for address in addresses for one in hashes_of(organization_id, address)}
    known = erased.filter(address_hash__in=list(by_hash)).values_list("address_hash", flat=True)
    return {by_hash[one] for one in known}
