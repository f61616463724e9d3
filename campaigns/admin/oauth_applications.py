"""The admin pages of OAuth applications. A client secret goes in and never comes out."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns.admin.oauth import redirect_address
from campaigns.models import OAuthApplication
from campaigns.oauth.applications import check_application, check_change, fitting, remove_application
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.secret_fields import SecretField
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused


class OAuthApplicationForm(ScopedForm):
    """Checked as the API checks it."""

    client_secret = SecretField(
        given_for="token address",
        missing="A public client needs none; Microsoft and Google give one to a web application.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        cleaned = fitting(cleaned)
        changed = OAuthApplication(**cleaned)
        try:
            check_application(changed)
            if self.instance.pk:
                earlier = OAuthApplication.objects.get(pk=self.instance.pk)
                check_change(earlier, changed, keeps_secret=self.keeps("client_secret"))
        except Refused as refused:
            field = refused.details.get("field")
            self.add_error(field if field in self.fields else None, str(refused))
        return cleaned


class RemoveOAuthApplication(RemovalDialog):
    needs = Role.OWNER
    label = "Delete application"
    noun = "OAuth application"
    title = "Delete this OAuth application?"
    description = "Refused while a sender or a mailbox is connected by it. At the provider nothing changes."
    submit_text = "Delete application"

    def remove(self) -> None:
        remove_application(application=self.object, actor=self.actor)


def _shown_for(provider: str) -> str:
    return f"typeof provider === 'undefined' || provider === '{provider}'"


@admin.register(OAuthApplication)
class OAuthApplicationAdmin(ScopedAdmin):
    form = OAuthApplicationForm
    roles = {"view": Role.MANAGER, "add": Role.OWNER, "change": Role.OWNER}
    list_display = ["name", "provider", "used", "organization", "updated_at"]
    list_filter = [("provider", ChoicesDropdownFilter), ("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["name"]
    readonly_fields = ["redirect", "used", "created_at", "updated_at"]
    fieldsets: ClassVar[list[tuple[str | None, dict[str, Any]]]] = [
        (None, {"fields": ["organization", ("name", "provider")]}),
        ("To register it", {"fields": ["redirect"]}),
        (
            "As it is registered",
            {"fields": [("client_id", "client_secret"), "tenant", ("authorize_url", "token_url"), "scopes"]},
        ),
        ("Use", {"fields": ["used", ("created_at", "updated_at")]}),
    ]
    # What only one provider needs is shown for that one alone.
    conditional_fields = {
        "tenant": _shown_for("microsoft"),
        **dict.fromkeys(("authorize_url", "token_url", "scopes"), _shown_for("custom")),
    }
    later_sections = ("Use",)
    empty_text = (
        "Microsoft 365 takes no passwords of programs, and Google not everywhere. With an application that is "
        "registered there once, senders and mailboxes are connected with accounts instead."
    )
    save_label = "Save application"
    actions_detail = ["remove"]

    remove = dialog_action(RemoveOAuthApplication)

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .annotate(use=Count("sender_set", distinct=True) + Count("mailbox_set", distinct=True))
            .order_by("name")
        )

    @display(description="Redirect address")
    def redirect(self, _application: OAuthApplication) -> SafeString:
        how_to = (
            "Register a web application at the provider with this address as where people are sent back to "
            "(redirect URI). It follows from PUBLIC_URL."
        )
        context = {"address": redirect_address(), "how_to": how_to}
        return mark_safe(render_to_string("campaigns/admin/address_to_copy.html", context))  # noqa: S308 - a template of ours

    @display(description="Connected by it", ordering="use")
    def used(self, application: OAuthApplication) -> int:
        return application.use  # type: ignore[attr-defined]
