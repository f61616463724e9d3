"""The seals over the audit log, and the tables behind them."""

from django.contrib import admin

from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.system import SystemAdmin
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditSeal, ChainHead, SealedEntry, UnsealedEntry


@admin.register(AuditSeal)
class AuditSealAdmin(ReadOnlyAdmin):
    """One link for each batch of entries; `verify_audit` checks them all."""

    roles = {**ReadOnlyAdmin.roles, "view": Role.MANAGER}
    list_display = ["number", "chain", "entries", "sealed_at", "hash"]
    fields = ["chain", "number", "entries", "sealed_at", "previous_hash", "hash", "signature", "key_name"]
    ordering = ["-id"]
    empty_text = "Nothing is sealed yet. The tick seals what was written every ten seconds."


@admin.register(SealedEntry)
class SealedEntryAdmin(SystemAdmin):
    list_display = ["entry_ref", "seal"]
    list_select_related = ["seal"]
    fields = ["entry_ref", "seal"]
    search_fields = ["=entry_ref"]
    search_help_text = "Number of the entry"


@admin.register(UnsealedEntry)
class UnsealedEntryAdmin(SystemAdmin):
    list_display = ["entry_ref", "chain"]
    empty_text = "Every entry of the audit log is sealed."


@admin.register(ChainHead)
class ChainHeadAdmin(SystemAdmin):
    list_display = ["chain", "number", "hash"]
    empty_text = "Nothing is sealed yet."
