"""The page of requests that named a key: what became of each, for whoever asks why one was not done again."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.filters import MomentsFilter, ScopedRelatedFilter
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip, moment
from campaigns_project.idempotency.asked import digest_of
from campaigns_project.idempotency.begin import KEPT_FOR, LEASE
from campaigns_project.idempotency.models import IdempotentRequest, RequestStatus

SHOWN = 12  # characters of a digest: enough to tell one from another


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin):
    """Never what was answered: it may name people, or be a secret that is shown once."""

    roles = {**ReadOnlyAdmin.roles, "view": Role.OWNER}
    list_display = ["asked", "who", "key", "state", "began", "until", "organization"]
    list_filter = [
        ("status", ChoicesDropdownFilter), ("started_at", MomentsFilter), ("organization", ScopedRelatedFilter),
    ]  # fmt: skip
    list_select_related = ["organization", "user"]
    search_fields = ["path"]
    search_help_text = "Part of the address, a request ID, or a whole key"
    fields = ["asked", "who", "key", "state", "began", "answered_at", "until", "answer", "place", "acts"]
    readonly_fields = ["asked", "who", "key", "state", "began", "until", "answer", "place", "acts"]
    empty_text = (
        "A program that sends the header Idempotency-Key with a request has it done once, however often it sends it. "
        "Such requests stand here for 24 hours; docs/api.md shows how to send one."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organization", "user").defer("body")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """A whole key is found by its digest, for which each account that has sent any may be the one."""
        term = search_term.strip()
        if not term:
            return queryset, False
        accounts = queryset.order_by().values_list("organization_id", "user_id").distinct()
        digests = [digest_of(organization, user, term) for organization, user in accounts]
        return queryset.filter(Q(path__icontains=term) | Q(request_id=term) | Q(key_digest__in=digests)), False

    @display(description="Request")
    def asked(self, row: IdempotentRequest) -> str:
        return str(row)

    @display(description="By")
    def who(self, row: IdempotentRequest) -> str:
        return str(row.user)

    @display(description="Key, as a digest")
    def key(self, row: IdempotentRequest) -> SafeString:
        return format_html("<code>{}…</code>", row.key_digest[:SHOWN])

    @display(description="What became of it")
    def state(self, row: IdempotentRequest) -> str:
        if row.status == RequestStatus.ANSWERED:
            return chip("succeeded", f"Answered {row.response_status}")
        if row.status == RequestStatus.BROKEN:
            return chip("failed", "Broke off after it had done something")
        if row.started_at > timezone.now() - LEASE:
            return chip("running")
        return chip("uncertain", "Ended without a word")

    @display(description="Began", ordering="started_at")
    def began(self, row: IdempotentRequest) -> str:
        return moment(row.started_at)

    @display(description="Key is free again")
    def until(self, row: IdempotentRequest) -> str:
        return moment(row.started_at + KEPT_FOR)

    @display(description="Its answer")
    def answer(self, row: IdempotentRequest) -> str:
        if row.status != RequestStatus.ANSWERED:
            return "There is none."
        if row.keeps_body:
            return "Kept, encrypted, for whoever sends the same request with the same key; shown nowhere."
        return "Not kept: it was a file, or very long, or forgotten when somebody was erased or a campaign deleted."

    @display(description="Where it led")
    def place(self, row: IdempotentRequest) -> str:
        return row.headers.get("Location", "") or "—"

    @display(description="What it did")
    def acts(self, row: IdempotentRequest) -> SafeString:
        address = f"{reverse('admin:audit_auditlog_changelist')}?{urlencode({'request_id': row.request_id})}"
        return format_html('<a class="text-link" href="{}">What the audit log has of it</a>', address)
