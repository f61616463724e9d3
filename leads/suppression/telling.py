"""What webhooks are told of suppressions: one event for all that were added at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns_project.webhooks.emit import emit
from campaigns_project.webhooks.events import EventType


def tell_outside(
    event_type: EventType, addresses: Sequence[str], *, organization_id: int, given: Mapping[str, Any], at: datetime
) -> None:
    """These addresses and domains were added or removed; nothing where there are none."""
    if addresses:
        told = {name: given.get(name) for name in ("reason", "source", "campaign_id", "expires_at")}
        data = {"addresses": list(addresses), **told}
        emit(organization_id=organization_id, event_type=event_type, data=data, at=at)
