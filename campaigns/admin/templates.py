"""The admin pages of templates: wordings kept for use in steps."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from campaigns.admin.previewing import template_context, template_response
from campaigns.admin.writing import SCRIPTS, WritingForm
from campaigns.models import EmailTemplate
from campaigns.steps import WORDING, check_wording
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.keys import key_of


class TemplateForm(WritingForm):
    """A wording under a name."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not (cleaned.get("body_html") or cleaned.get("body_text")):
            self.add_error("body_html", "Write an HTML body, a text body, or both.")
        return cleaned


class DeleteTemplate(RemovalDialog):
    needs = Role.MANAGER
    label = "Delete template"
    noun = "template"
    title = "Delete this template?"
    description = "Steps that were made from it keep their wording."
    submit_text = "Delete template"


@admin.register(EmailTemplate)
class EmailTemplateAdmin(ScopedAdmin):
    form = TemplateForm
    list_display = ["name", "subject", "organization", "updated_at"]
    list_filter = [("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["name", "subject"]
    fieldsets = [
        (None, {"fields": ["organization", "name"]}),
        ("Wording", {"fields": ["subject", "preheader", "body_html", "body_text"]}),
    ]
    empty_text = "A template is a wording to use again in steps. A step copies it: later edits never change a campaign."
    actions_detail = ["delete_template"]

    delete_template = dialog_action(DeleteTemplate)
    change_form_outer_after_template = "campaigns/admin/preview_panel.html"

    class Media:
        js = SCRIPTS

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="campaigns_emailtemplate_preview"), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        context = template_context(self._only_organization(request), None)
        return super().add_view(request, form_url, {**(extra_context or {}), **context})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        template = self.object_or_404(request, object_id)
        context = template_context(template.organization, template)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """A template as a lead would read it; writes nothing, by POST neither."""
        asked = {**request.GET.dict(), **request.POST.dict()}
        organization = _row(self._organizations(request), asked.get("organization", ""))
        template = _row(self.get_queryset(request), request.GET.get("template", ""))
        organization = organization or (template.organization if template else self._only_organization(request))
        return template_response(request, organization, template)

    def _organizations(self, request: HttpRequest) -> Any:
        held = held_roles(request)
        return (
            Organization.objects.all()
            if held.everywhere
            else Organization.objects.filter(pk__in=held.organization_ids())
        )

    def _only_organization(self, request: HttpRequest) -> Organization | None:
        """The one organization there is to write for; None where one has to be chosen first."""
        first = list(self._organizations(request).order_by("pk")[:2])
        return first[0] if len(first) == 1 else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        check_wording({name: getattr(obj, name) for name in WORDING})
        super().save_model(request, obj, form, change)


def _row(rows: Any, key: str) -> Any:
    """The row of that number; None where none is named, Http404 where it is not there for this user."""
    if not key:
        return None
    number = key_of(key)
    found = None if number is None else rows.filter(pk=number).first()
    if found is None:
        raise Http404("There is no such row.")
    return found
