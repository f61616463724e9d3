"""System health in the admin: the examination as cards, and the support bundle. For system administrators alone."""

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InternalError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from campaigns_project.admin_site import Page, show_page
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.runtime.health import Examination, Level, examine
from campaigns_project.runtime.health.bundle import make_bundle
from campaigns_project.runtime.health.subjects import SUBJECTS
from campaigns_project.runtime.verifying import ask_for_verification

PUBLIC_ADDRESS = ("public_url",)
NO_WRITES = "The database takes no writes, so that"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def health_page(request: HttpRequest) -> HttpResponse:
    """The cards. By POST the public address is fetched too: it calls on the outside, so no GET may do it."""
    _require(request)
    now = timezone.now()
    found = examine(now=now)
    if request.method == "POST":
        found = Examination(now, [*found.checks, *examine(now=now, only=PUBLIC_ADDRESS).checks])
    context = {"title": "System health", "found": found, "cards": found.cards(SUBJECTS), "summary": _summary(found)}
    return TemplateResponse(request, "runtime/admin/health.html", {**_around(request), **context})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bundle_page(request: HttpRequest) -> HttpResponse:
    """The support bundle to be read by GET, as a file by POST: that it was taken is on record."""
    _require(request)
    now = timezone.now()
    text = json.dumps(make_bundle(now=now), cls=DjangoJSONEncoder, indent=2)
    trouble = ""
    if request.method == "POST":
        try:
            _record(request, "support_bundle.exported")
        except InternalError:
            hint = "Run manage.py doctor --bundle FILE on the server instead."
            trouble = f"{NO_WRITES} the download cannot be put on record. {hint}"
        else:
            name = f"fairlead-support-{now:%Y%m%d-%H%M%S}.json"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return HttpResponse(text, content_type="application/json", headers=headers)
    context = {"title": "Support bundle", "text": text, "size": len(text.encode()), "trouble": trouble}
    return TemplateResponse(request, "runtime/admin/bundle.html", {**_around(request), **context})


@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Queue a verification of tables and rows; its result is on the page when a worker has done it."""
    _require(request)
    try:
        with transaction.atomic():
            _record(request, "verification.asked_for")
            transaction.on_commit(ask_for_verification)
    except InternalError:
        messages.error(
            request, f"{NO_WRITES} nothing can be queued. Run manage.py verify_schema on the server instead."
        )
    else:
        messages.success(request, "A worker verifies tables and rows; the result will be under Verification.")
    return HttpResponseRedirect(reverse("admin:system_health"))


def _record(request: HttpRequest, action: str) -> None:
    record(
        action=action,
        entity=request.user,  # type: ignore[arg-type]
        organization_id=None,
        actor=Actor.of_request(request, via="admin"),
    )


def _summary(found: Examination) -> str:
    failed = sum(check.level == Level.FAIL for check in found.checks)
    warned = sum(check.level == Level.WARN for check in found.checks)
    if not failed + warned:
        return "Everything is well."
    parts = [f"{failed} failed"] if failed else []
    parts += [f"{warned} to look at"] if warned else []
    rest = "the rest could not be asked" if found.is_cut_short else "all else is well"
    return f"{', '.join(parts)}; {rest}."


def _around(request: HttpRequest) -> dict[str, Any]:
    return admin.site.each_context(request)


def _require(request: HttpRequest) -> None:
    if not may_view(request):
        raise PermissionDenied


def may_view(request: HttpRequest) -> bool:
    """System administrators: the page shows all organizations together."""
    return bool(request.user.is_superuser)


show_page(Page("system_health", "system/health/", health_page, may_view))
show_page(Page("system_verify", "system/verify/", verify, may_view))
show_page(Page("support_bundle", "system/bundle/", bundle_page, may_view))
