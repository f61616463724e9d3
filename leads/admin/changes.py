"""What became of leads: fields that changed, and leads that were merged into others. Read here, told on their pages."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.filters import MomentsFilter
from leads.models import LeadAlias, LeadChange


@admin.register(LeadChange)
class LeadChangeAdmin(ReadOnlyAdmin):
    list_display = ["id", "lead", "source", "actor", "lead_import", "row_number", "created_at"]
    list_filter = [("source", ChoicesDropdownFilter), ("created_at", MomentsFilter)]
    list_select_related = ["lead", "lead_import"]
    search_fields = ["=lead__email_normalized"]
    search_help_text = "The lead's whole address"
    fields = ["lead", "changes", "source", "lead_import", "row_number", "actor", "created_at"]
    empty_text = "Whatever changes a lead's fields leaves a line here with what stood there before."


@admin.register(LeadAlias)
class LeadAliasAdmin(ReadOnlyAdmin):
    list_display = ["email_normalized", "old_id", "lead", "created_at"]
    list_select_related = ["lead"]
    search_fields = ["=email_normalized", "=old_id"]
    search_help_text = "A whole address, or the number of a lead that is gone"
    fields = ["lead", "old_id", "email_normalized", "created_at"]
    empty_text = "A lead that was merged into another leaves its number and address here."
