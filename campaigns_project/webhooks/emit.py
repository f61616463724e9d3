"""Tell whoever asked for it what happened: an event and its deliveries, in the transaction of what they tell.

So what happened and that it will be told are one commit (a transactional outbox), and nothing is written where nobody
listens.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from campaigns_project.webhooks.events import ONLY_BY_NAME, EventType


def emit(*, organization_id: int, event_type: EventType, data: Mapping[str, Any], at: datetime) -> int:
    """Tell one event; how many endpoints will hear of it. One statement, whether anybody listens or not."""
    return emit_all(organization_id=organization_id, event_type=event_type, events=[data], at=at)


def emit_all(*, organization_id: int, event_type: EventType, events: Iterable[Mapping[str, Any]], at: datetime) -> int:
    """The same for many of one type that happened at once; how many deliveries that makes.

    Where even one statement is too much, ask by `hears_sql` in a statement that is made anyway.
    """
    told = [{"id": new_event_id(), "data": data} for data in events]
    if not told:
        return 0
    given: dict[str, Any] = {"organization": organization_id, "type": event_type, "at": at}
    given["events"] = json.dumps(told, cls=DjangoJSONEncoder)
    with connection.cursor() as cursor:
        cursor.execute(_emit_sql(event_type), given)
        return cursor.rowcount


def new_event_id() -> str:
    """What a receiver knows an event by, however often it comes."""
    return f"evt_{uuid.uuid4().hex}"


def hears_sql(event_type: EventType, *, organization: str) -> str:
    """An SQL expression: does an endpoint of `organization` (an expression too) listen to events of this type?"""
    return f"EXISTS (SELECT FROM webhook_endpoints endpoint WHERE {_listens(event_type, organization)})"


def _listens(event_type: EventType, organization: str) -> str:
    unasked = "" if event_type in ONLY_BY_NAME else " OR endpoint.event_types = '{}'"
    return (
        f"endpoint.organization_id = {organization} AND endpoint.status = 'active' "
        f"AND ('{event_type.value}' = ANY(endpoint.event_types){unasked})"
    )


@cache
def _emit_sql(event_type: EventType) -> str:
    # Held, so that no endpoint is deleted between being found and being referred to: that would break off the
    # transaction of somebody who knows nothing of endpoints.
    return f"""
    WITH listening AS (
        SELECT endpoint.id FROM webhook_endpoints endpoint
        WHERE {_listens(event_type, "%(organization)s")} ORDER BY endpoint.id FOR KEY SHARE
    )
    INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, occurred_at, payload, next_try_at)
    SELECT listening.id, event ->> 'id', %(type)s, %(at)s, event -> 'data', now()
    FROM listening CROSS JOIN jsonb_array_elements(%(events)s::jsonb) event
    """  # noqa: S608 - of our own words alone
