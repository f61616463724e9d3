"""The operations side of the demo: a plan with its campaigns, a calendar, tasks and numbers."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from campaigns.models import (
    CalendarItem,
    Campaign,
    CampaignPlan,
    Direction,
    ItemKind,
    MetricDefinition,
    PlanMetric,
    TaskKind,
    TaskStatus,
)
from campaigns.ops.metrics import Value, record_value
from campaigns.ops.tasks import add_task
from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import SYSTEM
from leads.models import Lead

QUARTER = timedelta(days=92)
MEETINGS = (2, 3, 1, 4, 3, 5)  # of the last days, the oldest first
CALLS = (14, 11, 18, 16, 12, 20)


def add_operations(organization: Organization, campaigns: list[Campaign], now: datetime) -> None:
    """A plan over `campaigns`, five tasks, two metrics with their last days, a note and a far blackout day."""
    person = User.objects.filter(memberships__organization=organization).order_by("pk").first()
    today = now.date()
    plan = CampaignPlan.objects.create(
        organization=organization,
        name="Autumn quarter",
        goal="Be known to the harbors of the north before the season ends.",
        starts_on=today - timedelta(days=30),
        ends_on=today - timedelta(days=30) + QUARTER,
        target_metric=PlanMetric.REPLIES,
        target_value=40,
        budgeted_touches=900,
        calls_interested=True,
        created_by=person,
    )
    Campaign.objects.filter(pk__in=[campaign.pk for campaign in campaigns]).update(plan=plan)
    CalendarItem.objects.create(
        organization=organization,
        kind=ItemKind.NOTE,
        title="Boat show in Hamburg",
        starts_on=today + timedelta(days=6),
        ends_on=today + timedelta(days=8),
        created_by=person,
    )
    CalendarItem.objects.create(
        organization=organization,
        kind=ItemKind.BLACKOUT,
        title="Company holiday",
        starts_on=today + timedelta(days=300),
        ends_on=today + timedelta(days=300),
        created_by=person,
    )
    _tasks(organization, campaigns[0], person, now)
    _metrics(organization, person, now)


def _tasks(organization: Organization, campaign: Campaign, person: User | None, now: datetime) -> None:
    lead = Lead.objects.for_organization(organization).order_by("pk").first()
    for title, kind, status, days, more in (
        ("Approve the wording of the follow-up", TaskKind.APPROVE, TaskStatus.WAITING, 2, {"campaign": campaign}),
        ("Find who runs the yard in Bremen", TaskKind.RESEARCH, TaskStatus.DOING, 1, {}),
        ("Answer the question about prices", TaskKind.REPLY, TaskStatus.TO_DO, -1, {"lead": lead}),
        ("Call about the demo", TaskKind.CALL, TaskStatus.TO_DO, 0, {"lead": lead}),
        ("Collect addresses of the autumn fair", TaskKind.OTHER, TaskStatus.TO_DO, 5, {"checklist": [
            {"text": "Ask the organizer for the list", "done": True},
            {"text": "Import it and check what is wrong", "done": False},
        ]}),
    ):  # fmt: skip
        due = min(now + timedelta(hours=3), now.replace(hour=23, minute=55)) + timedelta(days=days)
        asked: dict[str, Any] = {
            "title": title,
            "kind": kind,
            "status": status,
            "due_at": due,
            "assignee": person,
            **more,
        }
        add_task(organization=organization, author=person, actor=SYSTEM, **asked)


def _metrics(organization: Organization, person: User | None, now: datetime) -> None:
    for name, unit, target, values in (("Meetings held", "meetings", 4, MEETINGS), ("Calls made", "calls", 15, CALLS)):
        metric = MetricDefinition.objects.create(
            organization=organization, name=name, unit=unit, direction=Direction.UP, target=target, entered_by=person
        )
        for back, value in enumerate(reversed(values), start=1):
            entered = Value(metric, now.date() - timedelta(days=back), Decimal(value))
            record_value(entered=entered, author=person, actor=SYSTEM, today=now.date())
