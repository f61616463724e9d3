"""Signatures by the Standard Webhooks specification: who has the secret can tell that an event is ours, and fresh."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from campaigns_project.webhooks.events import API_VERSION

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification wants 24 to 64


def new_secret() -> str:
    """A secret as receivers' libraries take it: the prefix and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def body_of(*, event_id: str, event_type: str, occurred_at: datetime, data: Mapping[str, Any]) -> bytes:
    """The body, the same bytes each time it is sent."""
    at = occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    told = {"id": event_id, "type": event_type, "occurred_at": at, "api_version": API_VERSION, "data": data}
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(*, event_id: str, body: bytes, with_secrets: Iterable[str], now: datetime) -> dict[str, str]:
    """What goes with the body: its id, the time of this try, and a signature by each secret that is valid."""
    stamp = str(int(now.timestamp()))
    signed = b".".join((event_id.encode(), stamp.encode(), body))
    return {
        "Content-Type": "application/json",
        "User-Agent": "Fairlead-Webhooks/1",
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in with_secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
