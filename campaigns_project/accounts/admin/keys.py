"""The pages of service accounts and their keys: owners make and take away, managers see which there are."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns_project.accounts.admin.base import NOBODY, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.admin.shown_once import keep_to_show, taken_to_show
from campaigns_project.accounts.models import Organization, ServiceAccount
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import (
    LONGEST_NAME,
    MOST_DAYS,
    create_api_key,
    delete_service_account,
    is_name,
    keys_of,
    rename_service_account,
    revoke_api_key,
)
from campaigns_project.accounts.tenancy import living


class KeyDialog(ActDialog):
    """Makes a key and leads to the page that shows it. An owner's role covers all: nobody gives more than they have."""

    needs = Role.OWNER
    label = "New key"
    icon = "key"
    variant = ActionVariant.PRIMARY
    submit_text = "Make the key"

    days = forms.IntegerField(
        label="Days until it expires",
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: it holds until somebody revokes it.",
    )

    def make(self, organization: Organization, name: str, role: Role) -> str:
        days = self.cleaned_data["days"]
        self.object, key = create_api_key(
            organization=organization,
            name=name,
            role=role,
            actor=self.actor,
            expires_after=timedelta(days=days) if days else None,
        )
        keep_to_show(self.request, self.object, key)
        return f"A key for “{name}” was made."


class NewKey(KeyDialog):
    """On the list: for a program that has none yet, or one more for a service account that is there."""

    title = "Make a key for the API?"
    description = "A program that has the key may do in the organization what its role allows. It is shown once."

    organization = forms.ModelChoiceField(Organization.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget)
    name = forms.CharField(
        max_length=LONGEST_NAME,
        widget=UnfoldAdminTextInputWidget({"placeholder": "CRM", "autocomplete": "off"}),
        help_text="What uses it, as the audit log shows it. A name that is there already gets one more key.",
    )
    role = forms.ChoiceField(choices=Role, initial=Role.OPERATOR, widget=UnfoldAdminSelectWidget)

    field_order = ["organization", "name", "role", "days"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        owned = held_roles(self.request).scope(living(Organization.objects.all()), Role.OWNER).order_by("name")
        chosen: Any = self.fields["organization"]
        chosen.queryset, chosen.initial = owned, owned.first()
        offered = [str(key) for key in owned.values_list("pk", flat=True)[:2]]
        # Not asked where there is one. Where another was sent it is shown, since the error stands beside it.
        is_it = self.request.method == "GET" or self.request.POST.get("organization") in offered
        if len(offered) == 1 and is_it:
            chosen.widget = forms.HiddenInput()

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if not is_name(name):
            raise forms.ValidationError("Line breaks and control characters do not belong here.")
        return name

    def act(self) -> str:
        asked = self.cleaned_data
        return self.make(asked["organization"], asked["name"], Role(asked["role"]))


class AnotherKey(KeyDialog):
    """On the page of a service account: one more, while those before it hold until they are revoked."""

    description = (
        "It is shown once. Those that are there go on, so bring the new one to its program and then revoke them."
    )

    @property
    def title(self) -> str:
        return f"Make a key for “{self.object.name}”?"

    def act(self) -> str:
        return self.make(self.object.organization, self.object.name, Role(self.object.role))


class RevokeKey(ActDialog):
    needs = Role.OWNER
    label = "Revoke"
    icon = "key_off"
    submit_text = "Revoke key"
    is_final = True

    key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        asked = self.request.GET.get("key", "")
        self.initial["key"] = next((key.token_key for key in keys_of(self.object) if key.token_key == asked), "")

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        """Not at the head of the page: beside each key in it."""
        return False

    @property
    def is_blocked(self) -> bool:
        return self.request.method == "GET" and not self.initial["key"]

    @property
    def title(self) -> str:
        beginning = self.initial["key"]
        return f"Revoke the key {beginning}…?" if beginning else "Revoke a key?"

    @property
    def description(self) -> str:
        if self.is_blocked:
            return "This key is not there, or no more. The page of its service account lists those that are."
        return f"Whatever uses it as “{self.object.name}” is refused from this moment on. It cannot be brought back."

    def act(self) -> str:
        beginning = self.cleaned_data["key"]
        revoke_api_key(account=self.object, beginning=beginning, actor=self.actor)
        return f"The key {beginning}… was revoked."


class RenameAccount(ActDialog):
    needs = Role.OWNER
    label = "Rename"
    icon = "edit"
    submit_text = "Rename"
    description = "Its keys go on as they are. What it did so far stands in the audit log under the name it had."

    name = forms.CharField(max_length=LONGEST_NAME, widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("name", self.object.name)

    @property
    def title(self) -> str:
        return f"Rename “{self.object.name}”?"

    def act(self) -> str:
        name = self.cleaned_data["name"]
        if not rename_service_account(account=self.object, name=name, actor=self.actor):
            return f"It is called “{name}” already."
        return f"“{self.object.name}” is called “{name}” from now on."


class DeleteAccount(RemovalDialog):
    needs = Role.OWNER
    label = "Delete"
    noun = "service account"
    submit_text = "Delete service account"

    @property
    def title(self) -> str:
        return f"Delete “{self.object.name}”?"

    @property
    def description(self) -> str:
        number = keys_of(self.object).count()
        keys = {0: "It has no key.", 1: "Its key is revoked: whatever uses it is refused from this moment on."}.get(
            number, f"Its {number:,} keys are revoked: whatever uses one is refused from this moment on."
        )
        return (
            f"{keys} What it made stays, without saying who made it; the audit log keeps all it did, under its name. "
            "It cannot be brought back."
        )

    def remove(self) -> None:
        delete_service_account(account=self.object, actor=self.actor)


@admin.register(ServiceAccount)
class ServiceAccountAdmin(ScopedAdmin):
    roles = {"view": Role.MANAGER, "add": NOBODY, "change": NOBODY}
    list_display = ["name", "organization", "role", "keys", "created_at"]
    list_filter = [("organization", ScopedRelatedFilter), "role"]
    list_select_related = ["organization"]
    search_fields = ["name"]
    fields = ["name", "organization", "role", "created_at"]
    readonly_fields = ["created_at"]
    empty_text = (
        "A program that uses the API has a key, with a role. Owners make one here, and it is shown once. On the server "
        "manage.py create_api_key makes one."
    )
    change_form_outer_before_template = "accounts/admin/new_key.html"
    change_form_outer_after_template = "accounts/admin/keys.html"
    actions_list = ["new_key"]
    actions_detail = ["another_key", "rename", "revoke_key", "remove"]

    new_key = dialog_action(NewKey)
    another_key = dialog_action(AnotherKey)
    rename = dialog_action(RenameAccount)
    revoke_key = dialog_action(RevokeKey)
    remove = dialog_action(DeleteAccount)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(key_count=Count("user__auth_token_set")).order_by("name")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        account = context["original"]
        context["keys"] = _told(account, now=timezone.now())
        context["may_revoke"] = may_here(request, Role.OWNER, account)
        if request.method == "GET":
            context["new_key"] = taken_to_show(request, account)
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="Keys", ordering="key_count")
    def keys(self, account: ServiceAccount) -> int:
        return account.key_count  # type: ignore[attr-defined]


def _told(account: ServiceAccount, *, now: Any) -> list[dict[str, Any]]:
    """The keys of `account` as its page lists them."""
    address = reverse("admin:accounts_serviceaccount_revoke_key", args=[account.pk])
    return [
        {
            "beginning": key.token_key,
            "created_at": key.created,
            "expires_at": key.expiry,
            "has_expired": key.expiry is not None and key.expiry <= now,
            "revoke_url": f"{address}?{urlencode({'key': key.token_key})}",
        }
        for key in keys_of(account)
    ]
