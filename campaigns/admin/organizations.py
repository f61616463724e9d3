"""The pages of organizations, with the one on which an organization is erased."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from campaigns.admin.deletion_page import DeletionPage
from campaigns.admin.deletion_progress import sentence
from campaigns.deletion import Impact, preview_organization, request_erasure
from campaigns.models import Job
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.people import OrganizationAdmin
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role


class ErasurePage(DeletionPage):
    act = "Erase"
    noun = "organization"
    remains = (
        "Suppressions go as well: nobody is left who could write. What the audit log says of it stays, and so do the "
        "records of its campaigns, whose numbers and IDs are never given out again."
    )

    def impact(self) -> Impact:
        return preview_organization(organization=self.subject, now=timezone.now())

    def ask(self, confirmed: Mapping[str, Any]) -> Job:
        return request_erasure(organization=self.subject, **confirmed)

    def next_url(self, answer: Job) -> str:
        """Its job is for system administrators; an owner has just left, and is told on the way out."""
        if held_roles(self.request).everywhere:
            return reverse("admin:campaigns_job_change", args=[answer.pk])
        messages.success(self.request, sentence(answer))
        return reverse("admin:index")

    def back_url(self) -> str:
        return reverse("admin:accounts_organization_change", args=[self.subject.pk])

    def further(self, impact: Impact) -> dict[str, Any]:
        return {"slug": self.subject.slug}


@admin.register(Organization)
class OrganizationPageAdmin(OrganizationAdmin):
    """The organization's form, and the way to its end for whoever owns it."""

    change_form_outer_before_template = "campaigns/admin/erasure_link.html"

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """In place of Django's own, which loads every row that would go."""
        return ErasurePage(self, request, self.object_or_404(request, object_id, Role.OWNER)).respond()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        organization = context.get("original")
        if organization is not None and may_here(request, Role.OWNER, organization):
            context["erasure_url"] = reverse("admin:accounts_organization_delete", args=[organization.pk])
        return super().render_change_form(request, context, *args, **kwargs)
