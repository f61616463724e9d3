"""“Going live”: the list of what real use still needs. For system administrators alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from campaigns_project.accounts.models import Organization, User
from campaigns_project.admin_site import Page, show_page
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.runtime.demo.login import EMAIL
from campaigns_project.runtime.demo.quiet import pause_the_demo
from campaigns_project.runtime.going_live import SUBJECTS, examine_going_live
from campaigns_project.runtime.health import Examination, Level
from campaigns_project.runtime.health.check import worst
from campaigns_project.runtime.health.examination import Card

# Words of its own: on a list of things to do nothing has failed.
WORDS = {Level.OK: "Done", Level.NOTE: "Not known", Level.WARN: "Better done", Level.FAIL: "To do"}


@dataclass(frozen=True)
class Way:
    """Where something on the list is done."""

    text: str
    url: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def going_live_page(request: HttpRequest) -> HttpResponse:
    """The list. By POST either the outside is asked, which no GET may do, or the demo's campaigns are paused."""
    if not may_view(request):
        raise PermissionDenied
    if request.method == "POST" and "pause" in request.POST:
        return _pause(request)
    found = examine_going_live(now=timezone.now(), asks_outside=request.method == "POST")
    context = {"title": "Going live", "found": found, "cards": list(_cards(found)), "summary": _summary(found)}
    return TemplateResponse(request, "runtime/admin/going_live.html", {**admin.site.each_context(request), **context})


def may_view(request: HttpRequest) -> bool:
    """System administrators: it is about the whole installation."""
    return bool(request.user.is_superuser)


def _pause(request: HttpRequest) -> HttpResponse:
    try:
        number = pause_the_demo(actor=Actor.of_request(request, via="admin"), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, f"{number} of the demo's campaigns were paused." if number else "Nothing was running."
        )
    return HttpResponseRedirect(f"{reverse('admin:going_live')}#demo")


def _cards(found: Examination) -> Iterator[tuple[Card, str, list[Way]]]:
    """In the order of the job, each with its word and the ways to it."""
    for subject in SUBJECTS:
        checks = [check for check in found.checks if check.name == subject.name]
        if checks:
            level = worst(check.level for check in checks)
            ways = [] if level == Level.OK else list(_ways(subject.name))
            yield Card(subject.name, subject.title, level, checks), WORDS[level], ways


def _ways(name: str) -> Iterator[Way]:
    if name == "people":
        yield Way("People", reverse("admin:accounts_user_changelist"))
        yield Way("Organizations", reverse("admin:accounts_organization_changelist"))
    elif name in {"senders", "dns"}:
        yield Way("Senders", reverse("admin:campaigns_sender_changelist"))
    elif name == "replies":
        yield Way("Mailboxes", reverse("admin:campaigns_mailbox_changelist"))
    elif name == "workers":
        yield Way("Workers", reverse("admin:workers_workerheartbeat_changelist"))
    elif name == "demo":
        for each in Organization.objects.filter(is_demo=True).order_by("pk"):
            yield Way(f"Erase {each}…", reverse("admin:accounts_organization_delete", args=[each.pk]))
        for user in User.objects.filter(email=EMAIL, is_active=True):
            yield Way("The demo's login", reverse("admin:accounts_user_change", args=[user.pk]))


def _summary(found: Examination) -> str:
    """How far it is, in one sentence."""
    open_ones = {check.name for check in found.checks if check.level == Level.FAIL}
    if found.is_cut_short:
        return "The database cannot be asked."
    if open_ones:
        return f"{len(open_ones)} thing{'s' if len(open_ones) > 1 else ''} to do before mails go out."
    return "Mails go out." if not settings.SANDBOX else "Ready."


show_page(Page("going_live", "system/going-live/", going_live_page, may_view))
