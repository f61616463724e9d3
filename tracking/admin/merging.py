"""The page on which another lead is put into this one: which one, whose values, what follows, and the button."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from campaigns_project.accounts.admin.row_pages import row_context
from campaigns_project.accounts.tenancy import living
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.keys import key_of
from leads.addresses import normalize_address
from leads.models import Lead
from tracking.merging import MergePlan, merge_leads, preview_merge

TEMPLATE = "tracking/admin/merge.html"
_CHOICE = "choice:"  # before the name of a field


def merge_page(model_admin: Any, request: HttpRequest, keep: Lead) -> HttpResponse:
    """GET asks for the other one and shows what a merge would do; POST does it. Both refuse on the page."""
    asked = request.POST if request.method == "POST" else request.GET
    wanted = asked.get("other", "").strip()
    choices = {name.removeprefix(_CHOICE): str(value) for name, value in asked.items() if name.startswith(_CHOICE)}
    problem, plan = "", None
    try:
        other = _find(keep, wanted) if wanted else None
        if other is not None and request.method == "POST":
            return _merge(request, keep, other, choices)
        plan = preview_merge(keep=keep, other=other, choices=choices, now=timezone.now()) if other else None
    except Refused as refused:
        problem = str(refused)
    return _shown(model_admin, request, keep, {"wanted": wanted, "plan": plan, "problem": problem or _problem(plan)})


def _merge(request: HttpRequest, keep: Lead, other: Lead, choices: dict[str, str]) -> HttpResponse:
    actor = Actor.of_request(request, via="admin")
    merge_leads(keep=keep, other=other, choices=choices, actor=actor, now=timezone.now())
    messages.success(request, f"{other.email} was merged into {keep.email}.")
    return HttpResponseRedirect(reverse("admin:leads_lead_change", args=[keep.pk]))


def _find(keep: Lead, wanted: str) -> Lead:
    """By number or address, in the organization of `keep`."""
    own = living(Lead.objects.select_related("organization")).for_organization(keep.organization)
    key = key_of(wanted)
    by = Q(pk=key) if key is not None else Q(email_normalized=normalize_address(wanted))
    found = own.filter(by).first()
    if found is None:
        raise Refused("unknown_lead", f"There is no lead “{wanted[:100]}”.", "Give its address or its number.")
    return found


def _problem(plan: MergePlan | None) -> str:
    return str(plan.refusal) if plan and plan.refusal else ""


def _shown(model_admin: Any, request: HttpRequest, keep: Lead, more: dict[str, Any]) -> HttpResponse:
    context = {
        **row_context(model_admin, request, keep, title=f"Merge another lead into {keep}", doing="Merge"),
        "prefix": _CHOICE,
        **more,
    }
    return TemplateResponse(request, TEMPLATE, context)
