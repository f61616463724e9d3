"""A campaign as Instantly wants it described."""

from datetime import date, datetime, time
from typing import Any

from campaigns.models import Campaign, Handover
from campaigns.providers.instantly.content import Variables, active_variants, steps_of
from campaigns.providers.instantly.zones import nearest
from campaigns_project.accounts.timezones import zone_of

LAST_MINUTE = time(23, 59)
LONGEST_NAME = 150


def name_of(campaign: Campaign, handover: Handover) -> str:
    """Its name there, with the mark in it by which it is found again."""
    return f"{campaign.name[:LONGEST_NAME]} [{handover.mark}]"


def describe(campaign: Campaign, handover: Handover, *, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Instantly is asked to create, and what has to be remembered of it: steps, variants and variables."""
    variables = Variables()
    steps = steps_of(campaign, variables)
    today = now.astimezone(zone_of(campaign.timezone)).date()
    asked: dict[str, Any] = {
        "name": name_of(campaign, handover),
        "campaign_schedule": {"start_date": today.isoformat(), "schedules": [_schedule(campaign, today)]},
        "sequences": [{"steps": steps}],
        "email_list": handover.mailboxes,
        "stop_on_reply": campaign.stop_on_reply,
        "stop_on_auto_reply": False,  # an absence is no answer: see tracking.inbox
        "open_tracking": campaign.track_opens,
        "link_tracking": campaign.track_clicks,
        "insert_unsubscribe_header": True,
    }
    if campaign.daily_limit:
        asked["daily_limit"] = campaign.daily_limit
    if campaign.daily_new_leads:
        asked["daily_max_leads"] = campaign.daily_new_leads
    return asked, {"steps": _remembered(campaign), "variables": variables.as_json()}


def _schedule(campaign: Campaign, today: date) -> dict[str, Any]:
    begin, end = campaign.window_start or time(0, 0), campaign.window_end or LAST_MINUTE
    return {
        "name": "Fairlead",
        "timing": {"from": f"{begin:%H:%M}", "to": f"{end:%H:%M}"},
        # There, 0 is Sunday.
        "days": {str(day): not campaign.sending_days or (day or 7) in campaign.sending_days for day in range(7)},
        "timezone": nearest(campaign.timezone, since=today).name,
    }


def _remembered(campaign: Campaign) -> list[dict[str, Any]]:
    """Which of our steps and variants Instantly means by its numbers, which begin at 1."""
    steps = campaign.steps.prefetch_related("variants").order_by("position")
    return [
        {"step": step.pk, "variants": [[variant.pk, variant.version] for variant in active_variants(step)]}
        for step in steps
    ]
