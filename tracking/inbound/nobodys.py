"""What follows from a report about a mail that nobody knows: of a campaign that is gone, or of another program."""

from datetime import datetime

from django.db import transaction

from campaigns.locks import retried
from leads.addresses import stored_form
from leads.models import Lead, SuppressionReason
from leads.suppression import addresses_of, erased_among, suppress
from tracking.inbound.judge import Meaning
from tracking.models import EventType

# What a person wants; that an address is dead, the next mail to it would tell.
_WISHES = {
    EventType.COMPLAIN: SuppressionReason.COMPLAINT,
    EventType.UNSUBSCRIBE: SuppressionReason.UNSUBSCRIBED,
}


def is_of_an_erased_person(address: str, *, organization_id: int) -> bool:
    """Whether the address was an erased person's: nothing of them is kept, here neither."""
    known = stored_form(address)
    return known in erased_among(organization_id, [known])


@retried
@transaction.atomic
def respect(meaning: Meaning, address: str, *, organization_id: int, at: datetime) -> bool:
    """Never write again to a lead of this address who complained or opted out, whichever mail it was about.

    False where the report is no wish, or the organization has nobody of this address.
    """
    leads = Lead.objects.filter(organization=organization_id, email_normalized=stored_form(address))
    lead = leads.select_related("organization").first() if meaning.event_type in _WISHES else None
    if lead is None:
        return False
    for each in sorted(addresses_of(lead)):
        suppress(
            organization=lead.organization,
            address=each,
            reason=_WISHES[meaning.event_type],
            source="a report of an e-mail service",
            at=at,
            is_stored=True,
        )
    return True
