"""Closing the first steps, and having them back."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from campaigns_project.accounts.admin.undo import Undo, require_in_time, tell
from campaigns_project.accounts.models import User
from campaigns_project.admin_site import Page, show_page
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused

SHOWN = "shown"  # the field that says which way: empty to close


@require_POST
def first_steps_shown(request: HttpRequest) -> HttpResponse:
    """Take the first steps off the first page of whoever asks, or put them back."""
    wants_them = bool(request.POST.get(SHOWN))
    home = HttpResponseRedirect(reverse("admin:index"))
    try:
        require_in_time(request)
    except Refused as refused:
        messages.error(request, str(refused))
        return home
    if _keep(request.user, wants_them, Actor.of_request(request, via="admin")):
        undo = Undo(reverse("admin:first_steps_shown"), {SHOWN: "" if wants_them else "1"})
        words = "The first steps are back." if wants_them else "The first steps are closed."
        tell(request, words, undo=undo)
    return home


@transaction.atomic
def _keep(user: Any, wants_them: bool, actor: Actor) -> bool:
    """False where it was so already."""
    as_before = User.objects.filter(pk=user.pk, first_steps_closed_at__isnull=not wants_them)
    if not as_before.update(first_steps_closed_at=None if wants_them else timezone.now()):
        return False
    act = "opened" if wants_them else "closed"
    record(action=f"user.first_steps_{act}", entity=user, organization_id=None, actor=actor)
    return True


show_page(Page("first_steps_shown", "first-steps/", first_steps_shown, lambda request: request.user.is_authenticated))
