"""What is done with the people of an import when it is through: enrolling them, for one.

Leads know nothing of campaigns; the app above puts its part in here when it gets ready.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from leads.imports.options import ImportOptions
from leads.models import LeadImport

# The refusal to give when the wish cannot be met, or None; asked before anything is stored.
Check = Callable[[Organization, ImportOptions], Refused | None]
# Called when the import has succeeded, in the transaction of that: it queues its work and does not do it.
Act = Callable[[LeadImport], object]
_checks: list[Check] = []
_acts: list[Act] = []


def after_import(act: Act, *, checked_by: Check) -> None:
    """Have `act` called with every import that succeeded, and `checked_by` before one is taken in."""
    if act not in _acts:
        _acts.append(act)
        _checks.append(checked_by)


def check_follow_up(organization: Organization, options: ImportOptions) -> None:
    """Raise the refusal where what is wanted afterwards cannot be done."""
    for check in _checks:
        refusal = check(organization, options)
        if refusal is not None:
            raise refusal


def follow_up(lead_import: LeadImport) -> None:
    """Tell everybody who wants to know that the import is through."""
    for act in _acts:
        act(lead_import)


@transaction.atomic
def note_follow_up(lead_import_id: int, *, name: str, result: dict[str, Any]) -> None:
    """Keep with the import what came of it, among its options under `name`."""
    lead_import = LeadImport.objects.select_for_update().get(pk=lead_import_id)
    LeadImport.objects.filter(pk=lead_import_id).update(options={**lead_import.options, name: result})
