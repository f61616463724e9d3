"""What an export of a campaign holds of what happened to its mails."""

from campaigns.exported import ExportedTable
from tracking.models import CampaignDay

EVENTS = ExportedTable(
    "events.csv",
    "tracking.EmailEvent",
    "campaign_recipient__campaign",
    {
        "event": "id",
        "recipient": "campaign_recipient_id",
        "message": "message_id",
        "email_address": "campaign_recipient__email_address",
        "event_type": "event_type",
        "created_at": "created_at",
        "event_data": "event_data",
        "user_agent": "user_agent",
        "ip_address": "ip_address",
        "is_machine": "is_machine",
        "machine_reason": "machine_reason",
        "source": "source",
        "source_event_id": "source_event_id",
    },
)

INBOUND_MAILS = ExportedTable(
    "incoming-mails.csv",
    "tracking.InboundMail",
    "recipient__campaign",
    {
        "incoming_mail": "id",
        "recipient": "recipient_id",
        "message": "message_id",
        "kind": "kind",
        "bounce_kind": "bounce_kind",
        "from": "from_address",
        "subject": "subject",
        "text": "text",
        "matched_by": "matched_by",
        "why": "why",
        "words_cleared_at": "words_cleared_at",
        "received_at": "received_at",
        "created_at": "created_at",
    },
)

DAYS = ExportedTable(
    "days.csv",
    "tracking.CampaignDay",
    "campaign",
    {name: name for name in ("day", *CampaignDay.NUMBERS)},
)
