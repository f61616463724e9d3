"""Admin pages of users, organizations and memberships."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import Count
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, PaginationInlineFormSet, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from campaigns_project.accounts.admin.base import ReadOnlyAdmin, ScopedAdmin, ScopedTabularInline
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter, titled
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.meanwhile import MeanwhileForm
from campaigns_project.accounts.admin.system import SystemAdmin
from campaigns_project.accounts.admin.zones import ZoneField
from campaigns_project.accounts.models import (
    Membership,
    Organization,
    OrganizationTombstone,
    SecondFactor,
    User,
)
from campaigns_project.accounts.roles import Role

FORGOTTEN = (
    "What is older is cleared for good, every hour: of mails the values they were made with; of events the address and "
    "program of the visitor and what servers said; of incoming mails the words, subject and writer. All else stays: "
    "people, counts, dates, codes, links, the subjects of mails sent, and who opened, replied or opted out. A mail "
    "that is uncertain stays readable until somebody decides."
)


class OrganizationForm(ScopedForm):
    timezone = ZoneField(help_text="For new campaigns, unless they choose another.")


class MembershipForm(MeanwhileForm):
    """Names a person by e-mail: a list of all users is for system administrators only."""

    email = forms.EmailField(
        label="Person",
        widget=UnfoldAdminEmailInputWidget({"placeholder": "The address they log in with"}),
        help_text="The e-mail address the person logs in with.",
    )

    class Meta:
        model = Membership
        fields = ["role"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label  # in a table the heads of its columns name no field
        if self.instance.pk:
            self.fields["email"].initial = self.instance.user.email
            self.fields["email"].disabled = True

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip().lower()
        person = User.objects.people().filter(email__iexact=email).first()
        if person is None:
            raise forms.ValidationError(f"Nobody logs in as {email}. A system administrator can add that person first.")
        self.instance.user = person
        return email


class PersonForm(MeanwhileForm, UserChangeForm):
    """Somebody who logs in; the password has a page of its own."""


class Memberships(PaginationInlineFormSet, BaseInlineFormSet):
    """Each person once, and never an organization without an owner."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        people = [form.instance.user_id for form in kept]
        if len(people) != len(set(people)):
            raise forms.ValidationError("A person is named twice. Keep one line with the role that counts.")
        had_owner = any(form.initial.get("role") == Role.OWNER for form in self.forms)
        if had_owner and not any(form.cleaned_data.get("role") == Role.OWNER for form in kept):
            raise forms.ValidationError(
                "This would leave the organization without an owner. Make somebody else one first."
            )


class MembershipInline(ScopedTabularInline):
    model = Membership
    form = MembershipForm
    formset = Memberships
    fields = ["email", "role"]
    verbose_name = "person"
    verbose_name_plural = "People"
    show_title = False  # a line says nothing that its fields do not
    roles = {"add": Role.OWNER, "change": Role.OWNER, "delete": Role.OWNER}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user", "organization").order_by("user__email")


class OrganizationAdmin(ScopedAdmin):
    """Owners run their organization; only system administrators make new ones.

    Registered by the app above, which knows how one is erased.
    """

    form = OrganizationForm
    roles = {"add": Role.OWNER, "change": Role.OWNER}
    list_display = ["name", "slug", "zone", "people", "created_at"]
    search_fields = ["name", "slug"]
    readonly_fields = ["created_at", "updated_at"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "postal_address"]}),
        ("Campaigns", {"fields": ["timezone", "allows_overlap"]}),
        (
            "What is forgotten",
            {"fields": ["values_kept_days", "details_kept_days"], "description": FORGOTTEN},
        ),
        ("Times", {"fields": ["created_at", "updated_at"]}),
    ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(people_count=Count("memberships")).order_by("name")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else self.prepopulated_fields

    def require(self, request: HttpRequest, act: str, obj: Any) -> None:
        if act != "add":  # a new organization has no memberships to ask
            super().require(request, act, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for membership in formset.new_objects:
            self.record(request, membership, "created", after=_kept(membership))
        before = {shown.instance.pk: shown.initial for shown in formset.initial_forms}
        for membership, changed in formset.changed_objects:
            earlier = {**_kept(membership), **{name: before[membership.pk][name] for name in changed}}
            self.record(request, membership, "changed", earlier, _kept(membership))
        for membership in formset.deleted_objects:
            self.record(request, form.instance, "member_removed", before=_kept(membership))

    @display(description="Time zone", ordering="timezone")
    def zone(self, organization: Organization) -> str:
        return organization.timezone

    @display(description="People", ordering="people_count")
    def people(self, organization: Organization) -> int:
        return organization.people_count  # type: ignore[attr-defined]


@admin.register(OrganizationTombstone)
class OrganizationTombstoneAdmin(SystemAdmin):
    list_display = ["id", "deleted_at"]
    ordering = ["-id"]
    empty_text = (
        "No organization has been deleted. The number of one that was stands here, and is never given out again."
    )


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """A list to look things up in; memberships are edited on their organization's page."""

    list_display = ["user", "organization", "role", "created_at"]
    list_filter = [("organization", ScopedRelatedFilter), "role"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__email", "user__name"]


@admin.register(User)
class UserAdmin(SystemAdmin, DjangoUserAdmin):  # type: ignore[misc]
    """People who log in. Nobody is deleted: switched off, the history keeps the name."""

    writable = frozenset({"add", "change"})
    form = PersonForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "active", "administrator", "last_login"]
    list_filter = [
        ("is_active", titled(BooleanRadioFilter, "whether they may log in")),
        ("is_superuser", titled(BooleanRadioFilter, "being a system administrator")),
    ]
    search_fields = ["email", "name"]
    ordering = ["email"]
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser"]}),
        ("Times", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "name", "password1", "password2"]})]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(service_account=None)

    @display(description="Active", ordering="is_active", boolean=True)
    def active(self, user: User) -> bool:
        return user.is_active

    @display(description="System administrator", ordering="is_superuser", boolean=True)
    def administrator(self, user: User) -> bool:
        return user.is_superuser

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's
        """As Django's; the change and its record stand or fall together."""
        return super().user_change_password(request, id, form_url)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Say what is still to be done: who logs in without a role sees nothing."""
        organizations = reverse("admin:accounts_organization_changelist")
        words = '{} has no role yet. Give one on the page of an <a class="text-link" href="{}">organization</a>.'
        self.message_user(request, format_html(words, obj.email, organizations), messages.WARNING)
        return super().response_add(request, obj, post_url_continue)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        if hasattr(request, "edited"):
            super().log_change(request, obj, message)
        else:  # the page of the password says nothing but that it was changed
            self._record(request, obj, "password_changed", None)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.email = obj.email.lower()  # as `create_user` keeps it: one person, however the address is typed
        super().save_model(request, obj, form, change)


@admin.register(SecondFactor)
class SecondFactorAdmin(SystemAdmin):
    """Whose logins ask for a code; the key itself is never shown. Deleting one lets its owner log in without it."""

    list_display = ["user", "confirmed", "created_at", "last_used_at"]
    list_select_related = ["user"]
    list_filter = [("confirmed", titled(BooleanRadioFilter, "whether it is in use"))]
    search_fields = ["user__email", "user__name"]
    fields = ["user", "confirmed", "created_at", "last_used_at"]
    readonly_fields = ["created_at", "last_used_at"]
    empty_text = "Nobody has set one up. Each person does so for themselves, behind their name at the bottom left."
    writable = frozenset({"delete"})


def _kept(membership: Membership) -> dict[str, Any]:
    return {"user": membership.user_id, "organization": membership.organization_id, "role": membership.role}
