"""What keeps an erased person from coming back: a hash in the place of the address."""

from collections.abc import Collection
from datetime import datetime

from django.db import models, transaction

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import StateRefused
from leads.models import Suppression, SuppressionReason
from leads.suppression.hashes import erased_among, hash_of
from leads.suppression.told import tell


class ErasedCode(models.TextChoices):
    """Why no lead is made of an address."""

    ERASED_PERSON = "erased_person", "the person behind the address was erased and is not to come back"


@transaction.atomic
def suppress_erased(*, organization: Organization, lead_id: int, addresses: Collection[str], at: datetime) -> None:
    """Never write to this person again, nor keep the address: all normalized `addresses` are kept as hashes alone.

    What stood in the list for them goes. Doing it twice does no harm.
    """
    tell([lead_id], SuppressionReason.ERASED, at, None)
    new = set(addresses) - erased_among(organization.pk, addresses)
    Suppression.objects.bulk_create(
        [
            Suppression(
                organization=organization,
                address_hash=hash_of(organization.pk, address),
                reason=SuppressionReason.ERASED,
                source="erasure of the person",
            )
            for address in sorted(new)
        ],
        ignore_conflicts=True,
    )
    Suppression.objects.filter(organization=organization, address__in=addresses).delete()


def require_not_erased(organization_id: int, address: str) -> None:
    """Refused with `erased_person` where the normalized `address` is that of somebody who was erased."""
    if erased_among(organization_id, [address]):
        raise StateRefused(
            ErasedCode.ERASED_PERSON,
            "The person with this address was erased and is not to come back.",
            "If they want to be written to again, check the address on the suppression list and remove its entry.",
            {"field": "email"},
        )
