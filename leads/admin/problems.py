"""What imports keep beside their rows, the pieces of files and decisions for columns: lists to look things up in."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.filters import ByParameter
from campaigns_project.accounts.admin.held import held_roles
from leads.models import ImportMapping, LeadImport, LeadImportPart


class OfImport(ByParameter):
    title = "import"
    parameter_name = "import"
    path = "lead_import"

    def rows(self, request: HttpRequest) -> Any:
        return held_roles(request).scope(LeadImport.objects.all())


@admin.register(LeadImportPart)
class LeadImportPartAdmin(ReadOnlyAdmin):
    """Pieces of files that are still being imported; the content itself is never shown."""

    list_display = ["lead_import", "number"]
    list_filter = [OfImport]
    list_select_related = ["lead_import"]
    fields = ["lead_import", "number"]
    empty_text = "No file is kept: the pieces are removed when an import ends."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")


@admin.register(ImportMapping)
class ImportMappingAdmin(ReadOnlyAdmin):
    """What was decided for the columns of a header; the next file with such a header starts from it."""

    list_display = ["file_name", "used_at"]
    search_fields = ["file_name"]
    fields = ["organization", "file_name", "used_at", "mapping", "words"]
    empty_text = "Nothing was decided by hand yet. It is kept when an import is started from its steps."
