"""What a person may ask for by law, on the page of their lead: everything held of them, and their erasure."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone

from campaigns.admin.deletion_page import DeletionPage
from campaigns.deletion import Impact
from campaigns.deletion.export import ZIP_TYPE
from campaigns.persons import erase_person, export_person, person_export_name, preview_person
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor


class PersonErasurePage(DeletionPage):
    act = "Erase"
    noun = "person"
    remains = (
        "A keyed hash of the address in the suppressions, so that no import brings the person back; rows that came in, "
        "emptied; what says something of others, without the address; and what the audit log says of it, without name "
        "and address. Campaigns count one person fewer."
    )

    @property
    def name_to_type(self) -> str:
        return self.subject.email

    def impact(self) -> Impact:
        return preview_person(lead=self.subject, now=timezone.now())

    def ask(self, confirmed: Mapping[str, Any]) -> dict[str, int]:
        return erase_person(lead=self.subject, **confirmed)

    def next_url(self, removed: dict[str, int]) -> str:
        messages.success(self.request, f"The person was erased: {sum(removed.values()):,} records.")
        return reverse("admin:leads_lead_changelist")

    def back_url(self) -> str:
        return reverse("admin:leads_lead_change", args=[self.subject.pk])

    def further(self, impact: Impact) -> dict[str, Any]:
        return {
            "slug": self.subject.email,
            "warning": "Do not write the person's name or address into the reason: it is kept for good.",
            "export_url": reverse("admin:leads_lead_export", args=[self.subject.pk]),
        }


class PersonPages:
    """Mixed into the admin of leads; both need a manager. The page includes `campaigns/admin/person_links.html`."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("<path:object_id>/erase/", view(self.erase_view), name="leads_lead_erase"),
            path("<path:object_id>/export/", view(self.export_person_view), name="leads_lead_export"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def erase_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What goes and what stays, and the address to type."""
        lead = self.object_or_404(request, object_id, Role.MANAGER)  # type: ignore[attr-defined]
        return PersonErasurePage(self, request, lead).respond()  # type: ignore[arg-type]

    def export_person_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A ZIP; by POST, since it leaves a record."""
        lead, now = self.object_or_404(request, object_id, Role.MANAGER), timezone.now()  # type: ignore[attr-defined]
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:leads_lead_change", args=[lead.pk]))
        content = export_person(lead=lead, actor=Actor.of_request(request, via="admin"), now=now)
        headers = {"Content-Disposition": f'attachment; filename="{person_export_name(lead, now)}"'}
        return HttpResponse(content, content_type=ZIP_TYPE, headers=headers)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        lead = context.get("original")
        if lead is not None and may_here(request, Role.MANAGER, lead):
            names = {"erase_url": "admin:leads_lead_erase", "export_url": "admin:leads_lead_export"}
            context |= {key: reverse(name, args=[lead.pk]) for key, name in names.items()}
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
