"""The operations side may be switched off for an installation that has another tool for it (CAMPAIGN_OPS_ENABLED)."""

from django.conf import settings

from campaigns_project.errors import NotFound


def is_on() -> bool:
    """Whether there are plans, a calendar, tasks and metrics here."""
    return settings.CAMPAIGN_OPS_ENABLED


def require_operations() -> None:
    """NotFound where they are switched off. What was entered stays, and blackout days hold all the same."""
    if not is_on():
        raise NotFound(
            "operations_off",
            "Plans, calendar, tasks and metrics are switched off here.",
            "Whoever runs the installation switches them on with CAMPAIGN_OPS_ENABLED=on.",
        )
