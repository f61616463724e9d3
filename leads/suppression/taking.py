"""An address that a lead is to have: not that of somebody who was erased, or merged into another lead."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from leads.models import Lead
from leads.suppression.erased import require_not_erased
from leads.suppression.merged import require_not_merged


def require_free(organization_id: int, address: str, *, lead_id: int = 0) -> None:
    """Refused with `erased_person` or `merged_address` where the normalized `address` is not to be had.

    `lead_id` is the lead that is to have it, 0 for a new one: what it has it keeps.
    """
    if not _has(lead_id, address):
        _require(organization_id, address, lead_id)


@contextmanager
def taking(organization_id: int, address: str, *, lead_id: int = 0) -> Iterator[None]:
    """Around the write that gives a lead the normalized `address`; refused as `require_free` is.

    Asked before and after: a merge or an erasure that is under way holds the write up, since the address is the old
    lead's until it commits, and shows only then.
    """
    with transaction.atomic():
        if _has(lead_id, address):
            yield
            return
        _require(organization_id, address, lead_id)
        yield
        _require(organization_id, address, lead_id)


def _has(lead_id: int, address: str) -> bool:
    return lead_id != 0 and Lead.objects.filter(pk=lead_id, email_normalized=address).exists()


def _require(organization_id: int, address: str, lead_id: int) -> None:
    require_not_erased(organization_id, address)
    require_not_merged(organization_id, address, lead_id=lead_id)
