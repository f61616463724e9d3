"""What the pages of the steps have in common."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.faults import told_as_faults
from campaigns_project.states import ProgressStatus
from leads.admin.importing.steps import PROGRESS, Step, marks_of
from leads.models import ImportStatus, LeadImport

NO_DRAFT = "This import was started: what it does cannot be changed any more."


class StepPage:
    """One step of a draft: shown by GET; a POST changes the draft by one call of a use case, and leads on."""

    step: ClassVar[Step]
    template: ClassVar[str]

    def __init__(self, model_admin: ScopedAdmin, request: HttpRequest, lead_import: LeadImport):
        self.admin, self.request, self.lead_import = model_admin, request, lead_import

    def form(self) -> forms.Form:
        """The form, filled from the draft or from what was typed."""
        raise NotImplementedError

    def take(self, form: Any) -> None:
        """Put what was typed into the draft; may raise Refused."""
        raise NotImplementedError

    def next_step(self) -> Step:
        """Where Continue leads."""
        raise NotImplementedError

    def further(self) -> Mapping[str, Any]:
        """What else the template shows."""
        return {}

    def respond(self) -> HttpResponse:
        """The page, or the way to the next one."""
        if self.lead_import.status != ImportStatus.DRAFT:
            messages.info(self.request, NO_DRAFT)
            return HttpResponseRedirect(PROGRESS.url(self.lead_import))
        form = self.form()
        if self.request.method == "POST" and form.is_valid():
            try:
                with told_as_faults():
                    self.take(form)
            except Refused as refused:
                field = refused.details.get("field")
                form.add_error(field if field in form.fields else None, str(refused))
            else:
                return HttpResponseRedirect(self.next_step().url(self.lead_import))
        return self.page(form)

    def page(self, form: forms.Form) -> HttpResponse:
        """The step as it stands."""
        context = {**step_context(self.admin, self.request, self.lead_import, self.step), "form": form}
        return TemplateResponse(self.request, self.template, {**context, **self.further()})

    @property
    def actor(self) -> Actor:
        return Actor.of_request(self.request, via="admin")

    @property
    def now(self) -> datetime:
        return timezone.now()


def needs_review(lead_import: LeadImport) -> bool:
    """Whether it was looked over and waits for somebody to decide."""
    return lead_import.status == ImportStatus.DRAFT and lead_import.dry_run_status == ProgressStatus.SUCCEEDED


def state_chip(lead_import: LeadImport) -> SafeString:
    """How an import stands, in a word; of one that was taken back, that."""
    if needs_review(lead_import):
        return chip("warn", "Needs review")
    if lead_import.undone_at is None:
        return chip(lead_import.status, lead_import.get_status_display())
    return chip("canceled", "Being undone" if lead_import.undo_status in ProgressStatus.active else "Undone")


def step_context(model_admin: ScopedAdmin, request: HttpRequest, lead_import: LeadImport, step: Step) -> dict[str, Any]:
    """What the frame around every step needs."""
    offered = model_admin._get_actions_navigation(
        model_admin.actions_detail, model_admin.get_actions_detail(request, lead_import.pk), lead_import.pk
    )
    commit_url = reverse("admin:leads_leadimport_commit", args=[lead_import.pk])
    return {
        **model_admin.admin_site.each_context(request),
        "title": f"Import {lead_import.file_name}",
        "opts": model_admin.opts,
        "original": lead_import,
        "lead_import": lead_import,
        "marks": marks_of(step, lead_import),
        "step": step,
        "state": state_chip(lead_import),
        "buttons": [button for button in offered if button.get("path") != commit_url],  # it stands below the numbers
    }
