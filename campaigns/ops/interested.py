"""Whoever is interested is called: the task that follows when an operator sets a lead to interested."""

from datetime import timedelta

from django.utils import timezone

from campaigns.locks import hold_calling
from campaigns.models import Campaign, OperatorTask, TaskKind, UserStatus
from campaigns.ops.switch import is_on
from campaigns.ops.tasks import add_task, may_be_assigned
from campaigns_project.accounts.models import User
from campaigns_project.audit.actors import Actor
from leads.models import Lead

WITHIN = timedelta(hours=24)
TITLE = "Call: interested"  # without the person's name, which stands with the lead


def call_who_is_interested(
    *, lead: Lead, campaign: Campaign | None, status: str, user: User, actor: Actor
) -> OperatorTask | None:
    """A task to call `lead` within a day, for whoever says so, where the campaign's plan asks for it.

    One at a time: while such a call is still to be made there is no second.
    """
    if status != UserStatus.INTERESTED or not is_on() or campaign is None or campaign.plan is None:
        return None
    if not campaign.plan.calls_interested:
        return None
    hold_calling(lead.pk)  # two operators may say so at once
    open_calls = OperatorTask.objects.undone().filter(lead=lead, campaign=campaign, kind=TaskKind.CALL)
    if open_calls.exists():
        return None
    return add_task(
        organization=lead.organization,
        author=user,
        actor=actor,
        title=TITLE,
        kind=TaskKind.CALL,
        lead=lead,
        campaign=campaign,
        assignee=user if may_be_assigned(lead.organization, user) else None,
        due_at=timezone.now() + WITHIN,
    )
