"""What stands above every page of the admin while mail is held back."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from campaigns.halts import halts_over
from campaigns.models import SendingHalt
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.templatetags.fairlead import relative
from campaigns_project.admin_site import Banner


def emergency_stops(request: HttpRequest) -> Iterator[Banner]:
    """One for each stop that holds back mail of this user's organizations."""
    held = held_roles(request)
    everything = Organization.objects.all()
    mine = everything if held.everywhere else everything.filter(pk__in=held.organization_ids())
    for halt in halts_over(mine):
        yield Banner(_said(halt), "Emergency stops", reverse("admin:campaigns_sendinghalt_changelist"))


def _said(halt: SendingHalt) -> str:
    whose = f"of {halt.organization}" if halt.organization else "of the whole system"
    return f"All sending {whose} was stopped {relative(halt.halted_at, timezone.now())}: {halt.reason}"
