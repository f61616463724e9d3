"""Confirm that Amazon SNS may report to us: one request to an address that Amazon's own host must have."""

import json
import logging
import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from campaigns_project.errors import Refused
from campaigns_project.outbound_http import NoAnswer, exchange
from tracking.models import InboundWebhook, QuarantineCode, WebhookStatus

SECONDS = 15.0
_HOST = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com(?:\.cn)?")

logger = logging.getLogger(__name__)


def confirm_subscription(*, pk: int, now: datetime) -> bool:
    """Confirm what a report asked for that waits for it; True when it is. It stays put aside where it cannot be.

    The report came with the sender's own secret, so that somebody meant it.
    """
    waits = InboundWebhook.objects.filter(pk=pk, status=WebhookStatus.QUARANTINED, reason=QuarantineCode.UNCONFIRMED)
    row = waits.first()
    url = _url(row.body) if row else ""
    if not url:
        return False
    try:
        answer = exchange("GET", url, headers={}, seconds=SECONDS, most_bytes=100_000)
    except (NoAnswer, Refused) as why:
        logger.warning("the subscription of webhook %s could not be confirmed: %s", pk, why)
        return False
    if answer.status != 200:
        logger.warning("SNS answered %s to the confirmation of webhook %s", answer.status, pk)
        return False
    shape = {"status": WebhookStatus.SETTLED, "reason": "", "body": "", "headers": {}, "settled_at": now}
    return bool(waits.update(**shape, put_aside=0, counted=1))


def _url(body: str) -> str:
    """Where to confirm; empty unless it is Amazon's, encrypted, and confirms rather than anything else SNS can do."""
    try:
        url = str(json.loads(body)["SubscribeURL"])
        parts = urlsplit(url)
        is_amazons = parts.scheme == "https" and parts.netloc == parts.hostname and bool(_HOST.fullmatch(parts.netloc))
    except (ValueError, KeyError, TypeError):
        return ""
    return url if is_amazons and parse_qs(parts.query).get("Action") == ["ConfirmSubscription"] else ""
