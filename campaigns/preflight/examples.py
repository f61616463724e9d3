"""Whom to look at a wording as: the lead it has least to say to, or anybody whose address is known."""

from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.expressions import Combinable

from campaigns.content.fields import CUSTOM_PREFIX, LEAD_FIELDS
from campaigns.merge_values import presence
from campaigns.models import Campaign, RecipientStatus, Variant
from campaigns.sending.wording import wording_of
from campaigns_project.errors import Refused
from leads.addresses import kept_form
from leads.models import Lead

LOOKED_AT = 10_000  # of the recipients, so that a page need not wait for a million


def worst_case(campaign: Campaign) -> Lead | None:
    """The recipient's lead that lacks most of the fields the campaign's wordings use; None when nobody is in it."""
    names = sorted(_used(campaign))
    recipients = campaign.recipients.filter(status__in=RecipientStatus.IN).order_by("pk")[:LOOKED_AT]
    people = Lead.objects.filter(pk__in=recipients.values("lead"))
    marks = presence(names, lead="")
    missing: Combinable = Value(0)
    for mark in marks:
        missing = missing + Case(When(**{mark: False}, then=Value(1)), default=Value(0), output_field=IntegerField())
    return people.annotate(**marks).annotate(missing=missing).order_by(F("missing").desc(), "pk").first()


def _used(campaign: Campaign) -> set[str]:
    found: set[str] = set()
    for variant in Variant.objects.filter(step__campaign=campaign, is_active=True):
        try:
            found |= wording_of(variant).fields
        except Refused:
            continue  # pre-flight says what is wrong with it
    return {name for name in found if name in LEAD_FIELDS or name.startswith(CUSTOM_PREFIX)}


def by_address(campaign: Campaign, address: str) -> Lead | None:
    """The lead with this address in the campaign's organization, whether it is in the campaign or not."""
    return Lead.objects.for_organization(campaign.organization).filter(email_normalized=kept_form(address)).first()
