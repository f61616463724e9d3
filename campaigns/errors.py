"""Refusals of campaigns: each with the code that admin, API, commands and docs share."""

from typing import Any

from django.db import models

from campaigns_project.errors import StateRefused


class StartCode(models.TextChoices):
    """Why a campaign cannot start."""

    NO_STEPS = "no_steps", "The campaign has no step"
    NO_VARIANT = "no_variant", "A step has no active variant"
    NO_RECIPIENTS = "no_recipients", "Nobody is enrolled"
    NO_SENDER = "no_sender", "No sender can be used"
    SENDER_UNUSABLE = "sender_unusable", "A sender cannot be used as it is set up"
    POSTAL_ADDRESS_MISSING = "postal_address_missing", "The organization has no postal address"
    TEMPLATE_INVALID = "template_invalid", "A template cannot be read"
    UNKNOWN_MERGE_FIELD = "unknown_merge_field", "A merge field does not exist"
    MERGE_VALUE_MISSING = "merge_value_missing", "A merge field has no value for somebody"


class StateConflict(StateRefused):
    """The campaign's state does not allow the verb."""

    def __init__(self, verb: str, current: str, allowed: tuple[str, ...]):
        possible = f"Possible now: {', '.join(allowed)}." if allowed else "Nothing more can be done with it."
        super().__init__(
            "state_conflict",
            f"A campaign that is {current} cannot be {PAST[verb]}.",
            possible,
            {"current_status": current, "allowed_actions": list(allowed)},
        )


class StartRefused(StateRefused):
    """Pre-flight found what blocks; nothing was changed. `details["problems"]` has them all."""

    def __init__(self, problems: list[dict[str, Any]]):
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            first["code"], f"The campaign cannot start: {first['message']}{more}", first["hint"], {"problems": problems}
        )


PAST = {
    "schedule": "scheduled",
    "unschedule": "unscheduled",
    "start": "started",
    "pause": "paused",
    "resume": "resumed",
    "stop": "stopped",
    "archive": "archived",
    "enroll": "given new recipients",
    "edit": "edited",
}
