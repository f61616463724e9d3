"""A short name for a campaign's present content and audience: it differs as soon as one of them does."""

import hashlib
from typing import Any

from django.db import connection

from campaigns.models import Campaign, RecipientStatus, Variant

# What a mail is made of or a person was told before the start. Not the state of senders, which is asked at the start.
SETTINGS = (
    "timezone", "sending_days", "window_start", "window_end", "window_zone", "holidays", "counts_sending_days",
    "daily_limit", "daily_new_leads", "track_opens", "track_clicks", "lead_source", "standing_audience",
    "is_active", "delivered_by",
)  # fmt: skip
SENDER = ("id", "email", "name", "reply_to")
STEP = ("id", "position", "wait_amount", "wait_unit", "in_thread")
VARIANT = ("id", "step_id", "version", "weight", "is_active")


def snapshot(campaign: Campaign) -> str:
    """`content.audience`, 16 hexadecimal digits each. Five queries; a join over the recipients is the dear one."""
    return f"{_content(campaign)}.{_audience(campaign)}"


def what_changed(before: str, after: str) -> str:
    """Which part of two snapshots differs, in words."""
    parts = ("the content", "the audience")
    pairs = zip(parts, before.partition(".")[::2], after.partition(".")[::2], strict=True)
    return " and ".join(part for part, old, new in pairs if old != new)


def _content(campaign: Campaign) -> str:
    organization = campaign.organization
    return _hash(
        Campaign.objects.filter(pk=campaign.pk).values_list(*SETTINGS).first(),
        [organization.name, organization.postal_address],
        list(campaign.campaign_senders.order_by("sender").values_list(*(f"sender__{name}" for name in SENDER))),
        list(campaign.steps.order_by("pk").values_list(*STEP)),
        list(Variant.objects.filter(step__campaign=campaign).order_by("pk").values_list(*VARIANT)),
    )


def _audience(campaign: Campaign) -> str:
    """Counts and sums over those who are in: one who comes, goes or is edited changes at least one of them."""
    with connection.cursor() as cursor:
        cursor.execute(_AUDIENCE, {"campaign": campaign.pk, "inside": list(RecipientStatus.IN)})
        return _hash(cursor.fetchone())


def _hash(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


_AUDIENCE = """
SELECT count(*), sum(recipient.id), max(lead.updated_at), sum(extract(epoch FROM lead.updated_at))
FROM campaign_recipients recipient JOIN leads lead ON lead.id = recipient.lead_id
WHERE recipient.campaign_id = %(campaign)s AND recipient.status = ANY(%(inside)s)
"""
