"""The admin pages of keys for lead providers. A key goes in and never comes out."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns_project.accounts.admin.base import ReadOnlyAdmin, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.secret_fields import SecretField
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.errors import Refused
from leads.models import ProviderAccount, ProviderPurchase, PurchaseStatus
from leads.providers.accounts import ask_again, check_account, check_key, key_has_changed, remove_account
from leads.providers.purchases import unclear_purchases

CHIP_OF = {
    PurchaseStatus.ASKED: "queued",
    PurchaseStatus.FOUND: "ok",
    PurchaseStatus.MISSING: "note",
    PurchaseStatus.UNCLEAR: "uncertain",
    PurchaseStatus.ERASED: "canceled",
}


class ApiKeyForm(ScopedForm):
    """Of an account at a provider, which says where its key is found."""

    api_key = SecretField(label="API key")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "api_key" not in cleaned:
            return cleaned
        try:
            cleaned["api_key"] = check_key(cleaned["api_key"])
        except Refused as refused:
            self.add_error("api_key", str(refused))
        return cleaned


class ProviderAccountForm(ApiKeyForm):
    api_key = SecretField(label="API key", missing="In Apollo under Settings, Integrations, API.")


class TestKey(ActDialog):
    label = "Test key"
    icon = "stethoscope"
    title = "Test this key now?"
    description = "Asks the provider whether it accepts the key. Costs no credits."
    submit_text = "Test key"

    def act(self) -> str:
        refused = check_account(account=self.object, actor=self.actor)
        if refused:
            raise refused
        return f"{self.object} accepts the key."


class AskAgain(ActDialog):
    label = "Ask again"
    icon = "replay"
    title = "Ask again where the answer got lost?"
    submit_text = "Allow asking again"

    @property
    def description(self) -> str:
        people = unclear_purchases(self.object, now=self.now).count()
        return (
            f"The answer got lost for {people} {'person' if people == 1 else 'people'}, who may have been paid for. "
            "The next fetch that finds them asks once more, which may cost a credit each a second time."
        )

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return super().offered(request, obj) and unclear_purchases(obj, now=timezone.now()).exists()

    def act(self) -> str:
        people = ask_again(account=self.object, actor=self.actor, now=self.now)
        return f"{people} {'person is' if people == 1 else 'people are'} asked for again by the next fetch."


class RemoveKey(RemovalDialog):
    label = "Delete key"
    noun = "key for"
    title = "Delete this key?"
    description = "Nothing is fetched with it any more. What was bought with it stays, and is not bought again."
    submit_text = "Delete key"

    def remove(self) -> None:
        remove_account(account=self.object, actor=self.actor)


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ScopedAdmin):
    form = ProviderAccountForm
    roles = {"add": Role.MANAGER, "change": Role.MANAGER}
    list_display = ["provider", "state", "heard", "credit_limit", "organization", "updated_at"]
    list_filter = [("provider", ChoicesDropdownFilter), ("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    readonly_fields = ["state", "heard", "unclear", "created_at", "updated_at"]
    fieldsets: ClassVar[list[tuple[str | None, dict[str, Any]]]] = [
        (None, {"fields": ["organization", "provider", "api_key", "credit_limit"]}),
        ("State", {"fields": ["state", "heard", "unclear", ("created_at", "updated_at")]}),
    ]
    later_sections = ("State",)
    empty_text = "With a key of a lead provider such as Apollo, campaigns can fetch their leads from there."
    save_label = "Save key"
    actions_detail = ["test_key", "ask_again", "remove"]

    test_key = dialog_action(TestKey)
    ask_again = dialog_action(AskAgain)
    remove = dialog_action(RemoveKey)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, "provider"] if obj else fixed

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "api_key" in form.changed_data:
            key_has_changed(obj)

    @display(description="Key")
    def state(self, account: ProviderAccount) -> str:
        if account.last_error:
            return chip("fail", "Refused")
        return chip("ok", "Accepted") if account.checked_at else chip("unknown", "Not tested yet")

    @display(description="Last answer")
    def heard(self, account: ProviderAccount) -> str:
        if account.checked_at is None:
            return "—"
        at = date_format(timezone.localtime(account.checked_at), "DATETIME_FORMAT")
        return f"Since {at}: {account.last_error}" if account.last_error else at

    @display(description="Answers that got lost")
    def unclear(self, account: ProviderAccount) -> str:
        people = unclear_purchases(account, now=timezone.now()).count()
        if not people:
            return "No answer was lost"
        listed = f"{reverse('admin:leads_providerpurchase_changelist')}?status__exact={PurchaseStatus.UNCLEAR}"
        rest = f"{'is' if people == 1 else 'are'} not asked for again unless somebody says so"
        return format_html(
            '<a href="{}" class="text-primary-600 dark:text-primary-500">{} {}</a> may have been paid for, and {}.',
            listed, people, "person" if people == 1 else "people", rest,
        )  # fmt: skip


@admin.register(ProviderPurchase)
class ProviderPurchaseAdmin(ReadOnlyAdmin):
    list_display = ["external_id", "provider", "outcome", "cost", "lead_import", "asked_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("organization", ScopedRelatedFilter)]
    list_select_related = ["lead_import"]
    search_fields = ["=external_id"]
    fields = ["organization", "provider", "external_id", "outcome", "cost", "lead_import", "asked_at", "answered_at",
              "payload"]  # fmt: skip
    readonly_fields = ["outcome", "cost"]
    empty_text = "Whoever is asked of a lead provider for credits stands here, so that nobody is paid for twice."

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        is_list = request.resolver_match and (request.resolver_match.url_name or "").endswith("_changelist")
        return rows.defer("payload") if is_list else rows  # what is known of each is long, and no list shows it

    @display(description="Credits", ordering="credits")
    def cost(self, purchase: ProviderPurchase) -> str:
        return "—" if purchase.credits is None else f"{purchase.credits.normalize():f}"

    @display(description="Outcome", ordering="status")
    def outcome(self, purchase: ProviderPurchase) -> str:
        return chip(CHIP_OF[PurchaseStatus(purchase.status)], purchase.get_status_display())
