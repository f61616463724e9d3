"""Which variant a recipient gets: by weight, and always the same one.

Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): each variant draws a lot for the recipient, and the
longest wins. So when one is switched off only its own recipients go to others, when one is added only those it wins,
and when a weight is edited only as many as the new shares ask for. Whoever has a message row keeps its variant anyway.
"""

import hashlib
import math
from collections.abc import Sequence

from campaigns.models import Variant


def share_of(recipient_id: int, variants: Sequence[Variant]) -> Variant:
    """The one of `variants` (at least one) that this recipient gets; their order does not matter."""
    if len(variants) == 1:
        return variants[0]
    return max(variants, key=lambda variant: (_lot(recipient_id, variant), variant.pk))


def _lot(recipient_id: int, variant: Variant) -> float:
    digest = hashlib.sha256(f"{recipient_id}:{variant.pk}".encode()).digest()
    point = (int.from_bytes(digest[:6]) + 0.5) / 2**48  # evenly between 0 and 1, neither of them
    return -variant.weight / math.log(point)
