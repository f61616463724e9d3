"""What stands above every page of the admin while mail is held back."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from campaigns.halts import halts_over
from campaigns.models import SendingHalt
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import relative
from campaigns_project.admin_site import Banner

LIFTED_BY = Role.MANAGER


def emergency_stops(request: HttpRequest) -> Iterator[Banner]:
    """One for each stop that holds back mail of this user's organizations."""
    held = held_roles(request)
    everything = Organization.objects.all()
    mine = everything if held.everywhere else everything.filter(pk__in=held.organization_ids())
    for halt in halts_over(mine):
        may_lift = may_here(request, LIFTED_BY, halt)
        page = "resume_sending" if may_lift else "change"
        words = "Lift it" if may_lift else "Look"
        yield Banner(_said(halt), words, reverse(f"admin:campaigns_sendinghalt_{page}", args=[halt.pk]))


def _said(halt: SendingHalt) -> str:
    whose = f"of {halt.organization}" if halt.organization else "of the whole system"
    return f"All sending {whose} was stopped {relative(halt.halted_at, timezone.now())}: {halt.reason}"
