"""The rows of an import that became no lead."""

from django.db.models import QuerySet

from leads.models import LeadImport, StagedLead, StagedStatus


def problems_of(lead_import: LeadImport) -> QuerySet[StagedLead]:
    """In the order of the file; the cells as they came are `raw_lead.payload`."""
    problems = StagedLead.objects.filter(lead_import=lead_import, status=StagedStatus.PROBLEM)
    return problems.order_by("row_number")
