"""The admin pages of templates: wordings kept for use in steps."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from campaigns.models import EmailTemplate
from campaigns.steps import WORDING, check_wording
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.roles import Role


class TemplateForm(ScopedForm):
    """A wording under a name; its fields are called as those of a variant are."""

    class Meta:
        labels = {"body_html": "HTML body", "body_text": "Text body"}

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

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        check_wording({name: getattr(obj, name) for name in WORDING})
        super().save_model(request, obj, form, change)
