"""What each type of event says, as the documents show it; a test holds them against what is really told."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiWebhook

from campaigns_project.webhooks.events import API_VERSION, EventType

_CAMPAIGN = {"campaign": {"id": 7, "campaign_id": "autumn-launch", "name": "Autumn launch"}}
_RECIPIENT = {**_CAMPAIGN, "recipient_id": 1184, "lead_id": 920, "email": "ana@acme.example"}
_BY_A_PERSON = {**_CAMPAIGN, "code": "", "reason": "asked for"}
_SUPPRESSION = {"reason": "manual", "source": "admin", "campaign_id": None, "expires_at": None}
_SENDER = {"sender_id": 3, "email": "petr@acme.example"}

EXAMPLES: Mapping[EventType, Mapping[str, Any]] = {
    EventType.CAMPAIGN_STARTED: _BY_A_PERSON,
    EventType.CAMPAIGN_PAUSED: {**_CAMPAIGN, "code": "no_sender", "reason": "None of its senders can be used."},
    EventType.CAMPAIGN_RESUMED: _BY_A_PERSON,
    EventType.CAMPAIGN_COMPLETED: {**_CAMPAIGN, "code": "", "reason": ""},
    EventType.CAMPAIGN_STOPPED: _BY_A_PERSON,
    EventType.CAMPAIGN_FAILED: {
        **_CAMPAIGN,
        "code": "nobody_found",
        "reason": "The lead provider found nobody for the search.",
    },
    EventType.CAMPAIGN_DELETED: _BY_A_PERSON,
    EventType.RECIPIENT_REPLIED: {**_RECIPIENT, "source": "api.events"},
    EventType.RECIPIENT_BOUNCED: {**_RECIPIENT, "kind": "hard", "source": "mail server"},
    EventType.RECIPIENT_UNSUBSCRIBED: {**_RECIPIENT, "source": "track.one_click"},
    EventType.RECIPIENT_COMPLAINED: {**_RECIPIENT, "source": "api.events"},
    EventType.RECIPIENT_EXITED: {**_RECIPIENT, "exit_reason": "replied"},
    EventType.MESSAGE_SENT: {
        **_RECIPIENT,
        "message_id": 5120,
        "rfc_message_id": "<5120.f3a9@acme.example>",
        "step_id": 12,
        "step": 1,
        "sender_id": 3,
    },
    EventType.LEAD_ERASED: {"lead_id": 920},
    EventType.SUPPRESSION_CREATED: {"addresses": ["ana@acme.example", "rival.example"], **_SUPPRESSION},
    EventType.SUPPRESSION_REMOVED: {"addresses": ["ana@acme.example"], **_SUPPRESSION},
    EventType.SENDER_PAUSED: {**_SENDER, "reason": "Paused by Petr."},
    EventType.SENDER_RESUMED: {**_SENDER, "reason": ""},
    EventType.IMPORT_FINISHED: {
        "import_id": 41,
        "file_name": "leads.csv",
        "status": "succeeded",
        "created": 1162,
        "updated": 24,
        "unchanged": 9,
        "problems": 38,
    },
    EventType.TEST: {"endpoint_id": 2, "asked_by": "petr@acme.example"},
}


def body_like(event_type: EventType) -> dict[str, Any]:
    """A whole body of this type, as a receiver gets it."""
    return {
        "id": "evt_5f0c6e1b7a5d4a0c9f7e3d2b1a090807",
        "type": event_type.value,
        "occurred_at": "2026-11-23T14:03:11Z",
        "api_version": API_VERSION,
        "data": dict(EXAMPLES[event_type]),
    }


_TEXT = {"type": "string"}
_HEADERS = {
    "webhook-id": "The id of the event, as in the body: the same each time it is sent.",
    "webhook-timestamp": "When this try was made, in seconds since 1970.",
    "webhook-signature": "`v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`; after a rotation two of them, "
    "with a space between.",
}
# As the OpenAPI document has it: what we send, seen from whoever takes it.
DOCUMENTED = OpenApiWebhook(
    "event",
    {
        "post": {
            "operationId": "webhook_event",
            "summary": "An event, sent to your endpoint",
            "description": "At least once and in no order. Any 2xx within ten seconds says that you have it; 410 "
            "disables the endpoint; anything else is tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 24 h.",
            "tags": ["webhooks"],
            "security": [],  # the signature is for the receiver to check; no key of ours is sent
            "parameters": [
                {"name": name, "in": "header", "required": True, "description": told, "schema": _TEXT}
                for name, told in _HEADERS.items()
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["id", "type", "occurred_at", "api_version", "data"],
                            "properties": {
                                "id": _TEXT,
                                "type": {"type": "string", "enum": EventType.values},
                                "occurred_at": {"type": "string", "format": "date-time"},
                                "api_version": _TEXT,
                                "data": {"type": "object", "additionalProperties": True},
                            },
                        },
                        "examples": {each.value: {"value": body_like(each)} for each in EXAMPLES},
                    }
                },
            },
            "responses": {"2XX": {"description": "You have it."}, "410": {"description": "You want no more."}},
        }
    },
)
