"""The admin pages of templates: wordings kept for use in steps."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator, get_text_list
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.admin.previewing import template_context, template_response
from campaigns.admin.template_versions import versions_context
from campaigns.admin.writing import SCRIPTS, WritingForm
from campaigns.models import EmailTemplate, TemplateVersion
from campaigns.steps import WORDING, check_wording
from campaigns.templates import campaigns_of, keep_version, other_versions, use_version
from campaigns_project.accounts.admin.base import ReadOnlyAdmin, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.row_pages import row_context
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.keys import key_of

CAMPAIGNS_NAMED = 10  # on a template's page; of more the number is told


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
    submit_text = "Delete template"

    @property
    def description(self) -> str:
        count = self.object.campaigns_count
        if not count:
            return "Its versions go with it. No campaign uses it."
        named = [f"“{name}”" for name in campaigns_of(self.object).values_list("name", flat=True)[:CAMPAIGNS_NAMED]]
        more = [f"{count - len(named):,} more"] if count > len(named) else []
        whose = f"Used by {_campaigns(count)}: {get_text_list([*named, *more], 'and')}."
        return (
            f"{whose} Their steps have copies, which stay as they are and are sent as before; only that they were "
            "begun from this template is forgotten. Its versions go with it."
        )


class UseVersion(ActDialog):
    """Offered on the template's page and, with the version chosen already, beside each of its versions."""

    needs = Role.OPERATOR
    label = "Use an older version"
    icon = "undo"
    title = "Use an older version of this template?"
    description = (
        "The template gets that wording again, as a new version; what it says now stays among the versions. Campaigns "
        "keep the copies they have."
    )
    submit_text = "Use this older version"

    version = forms.TypedChoiceField(coerce=int, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        offered = list(other_versions(self.object))
        self.fields["version"].choices = [(each.version, _named(each)) for each in offered]
        asked = key_of(self.request.GET.get("version", ""))
        if any(each.version == asked for each in offered):
            self.fields["version"].initial = asked

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return super().offered(request, obj) and other_versions(obj).exists()

    def act(self) -> str:
        version = self.cleaned_data["version"]
        use_version(template=self.object, version=version, actor=self.actor)
        return f"The template says again what it said as version {version}."


def _named(version: TemplateVersion) -> str:
    by = f", {version.made_by}" if version.made_by else ""
    when = date_format(timezone.localtime(version.created_at), "DATETIME_FORMAT")
    return f"{version.version}: {Truncator(version.subject).chars(50)} ({when}{by})"


@admin.register(EmailTemplate)
class EmailTemplateAdmin(ScopedAdmin):
    form = TemplateForm
    keeps_drafts = True
    list_display = ["name", "subject", "used_by", "organization", "updated_at"]
    list_filter = [("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["name", "subject"]
    fieldsets = [
        (None, {"fields": ["organization", "name"]}),
        ("Wording", {"fields": ["subject", "preheader", "body_html", "body_text"]}),
    ]
    empty_text = "A template is a wording to use again in steps. A step copies it: later edits never change a campaign."
    actions_detail = ["use_version", "delete_template"]

    use_version = dialog_action(UseVersion)
    delete_template = dialog_action(DeleteTemplate)
    change_form_outer_before_template = "campaigns/admin/template_standing.html"
    change_form_outer_after_template = "campaigns/admin/preview_panel.html"

    class Media:
        js = SCRIPTS

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, "campaigns_emailtemplate"
        return [
            path("preview/", view(self.preview_view), name=f"{name}_preview"),
            path("<path:object_id>/versions/", view(self.versions_view), name=f"{name}_versions"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).counting_campaigns()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        context = template_context(self._only_organization(request), None)
        return super().add_view(request, form_url, {**(extra_context or {}), **context})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        template = self.object_or_404(request, object_id)
        context = {**template_context(template.organization, template), **_standing(template)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def versions_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the template said before, who changed it, and where two versions differ."""
        template = self.object_or_404(request, object_id)
        context = {
            **row_context(self, request, template, title=f"Versions: {template}", doing="Versions"),
            "module_name": self.list_title,
            "use_url": self._use_url(request, template),
            **versions_context(template, request.GET),
        }
        return TemplateResponse(request, "campaigns/admin/template_versions.html", context)

    def _use_url(self, request: HttpRequest, template: EmailTemplate) -> str:
        """Of the dialog, for those who may."""
        may = UseVersion.offered(request, template)
        return reverse("admin:campaigns_emailtemplate_use_version", args=[template.pk]) if may else ""

    @display(description="Used by")
    def used_by(self, template: Any) -> str:
        return _campaigns(template.campaigns_count) if template.campaigns_count else "—"

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
        keep_version(template=obj, actor=Actor.of_request(request, via="admin"))


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ReadOnlyAdmin):
    list_display = ["template", "__str__", "subject", "made_by", "created_at"]
    list_select_related = ["template"]
    search_fields = ["template__name", "subject"]
    empty_text = "What a template said before it was changed is kept here."


def _standing(template: Any) -> dict[str, Any]:
    """What stands above a template's form: who copied it, and how often it was changed."""
    return {
        "template": template,
        "used_by": campaigns_of(template)[:CAMPAIGNS_NAMED],
        "used_more": max(0, template.campaigns_count - CAMPAIGNS_NAMED),
        "used_words": _campaigns(template.campaigns_count),
        "versions_count": template.versions.count(),
    }


def _campaigns(number: int) -> str:
    return "1 campaign" if number == 1 else f"{number:,} campaigns"


def _row(rows: Any, key: str) -> Any:
    """The row of that number; None where none is named, Http404 where it is not there for this user."""
    if not key:
        return None
    number = key_of(key)
    found = None if number is None else rows.filter(pk=number).first()
    if found is None:
        raise Http404("There is no such row.")
    return found
