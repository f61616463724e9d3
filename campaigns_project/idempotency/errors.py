"""Why a request that names a key is not done. Nothing was changed by it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from campaigns_project.errors import Refused, StateRefused

_LOOK = (
    "Look at what is there. Under this key nothing is done again; to have it done, or done again, send it with a "
    "new one."
)


class KeyMalformed(Refused):
    """The header Idempotency-Key takes 1 to 255 printable characters of ASCII, bare or in quotation marks."""

    def __init__(self) -> None:
        super().__init__(
            "idempotency_key_malformed",
            "The header Idempotency-Key takes 1 to 255 printable characters of ASCII, bare or in quotation marks.",
            "Make a new UUID for each thing to be done, and send the same one when you try that again.",
        )


class KeyReused(Refused):
    """The Idempotency-Key was sent before with another request."""

    status = 422

    def __init__(self, method: str, path: str):
        super().__init__(
            "idempotency_key_reused",
            f"This Idempotency-Key was sent before with another request: {method} {path}, or the same with another "
            "query or body.",
            "A new request needs a new key; one that is tried again has to be the same as it was.",
        )


class StillRunning(StateRefused):
    """The first request with this Idempotency-Key is still being worked on."""

    def __init__(self, *, retry_after: int):
        super().__init__(
            "idempotency_request_running",
            "The first request with this Idempotency-Key is still being worked on.",
            "Send it again after as many seconds as the header Retry-After says.",
            {"retry_after": retry_after},
        )


class OutcomeUnknown(StateRefused):
    """The first request with this Idempotency-Key broke off; what it did is known from the audit log alone."""

    def __init__(self, *, started_at: datetime, request_id: str, acts: Sequence[dict[str, Any]]):
        began = f"{started_at:%Y-%m-%dT%H:%M:%SZ}"
        told = ", ".join(f"{act['action']} ({act['entity_type']} {act['entity_id']})" for act in acts)
        known = f"The audit log has of it: {told}." if acts else "The audit log has nothing of it."
        super().__init__(
            "idempotency_outcome_unknown",
            f"The first request with this Idempotency-Key, of {began}, broke off or has not ended yet. {known}",
            _LOOK,
            {"started_at": began, "first_request_id": request_id, "acts": list(acts)},
        )


class AnswerNotKept(StateRefused):
    """The request was done under this Idempotency-Key; what it was answered is not kept."""

    def __init__(self, *, first_status: int, location: str):
        super().__init__(
            "idempotency_answer_not_kept",
            f"This was done once and answered with status {first_status}. The answer itself is not kept: it was a "
            "file, or very long, or was forgotten when somebody was erased or a campaign deleted.",
            _LOOK,
            {"first_status": first_status, **({"location": location} if location else {})},
        )
