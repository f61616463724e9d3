"""Whom to look at a wording as: the lead it has least to say to, those whose data is unusual, anybody by address."""

from typing import NamedTuple

from django.db.models import Case, F, IntegerField, Min, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat, Length

from campaigns.content.fields import CUSTOM_PREFIX, LEAD_FIELDS
from campaigns.merge_values import presence
from campaigns.models import Campaign, RecipientStatus, Variant
from campaigns.sending.wording import wording_of
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from leads.addresses import kept_form
from leads.models import Lead

LOOKED_AT = 10_000  # of the recipients, so that a page need not wait for a million
LONG_NAME = 20  # characters from which on a name is worth a look
_NOT_LATIN = "[^\x01-\u024f\u1e00-\u1eff\u2000-\u206f]"
_APOSTROPHE = "['\u2019\u02bc]"


class Example(NamedTuple):
    """Somebody to look at a wording as, and what is unusual about them."""

    label: str
    lead: Lead


def looked_at(organization: Organization, campaign: Campaign | None = None) -> QuerySet[Lead]:
    """The leads that examples and shares are taken from: the first of the campaign, else the organization's newest."""
    if campaign is not None and campaign.recipients.exists():
        return Lead.objects.filter(pk__in=campaign.recipients.order_by("pk").values("lead")[:LOOKED_AT])
    own = Lead.objects.for_organization(organization).order_by("-pk")
    return Lead.objects.filter(pk__in=own.values("pk")[:LOOKED_AT])


def unusual(leads: QuerySet[Lead]) -> list[Example]:
    """One of `leads` for each way in which people's data upsets a wording, as far as there is one; three queries."""
    named = leads.annotate(whole_name=Concat("first_name", Value(" "), "last_name"))
    first = named.aggregate(
        no_first_name=Min("pk", filter=Q(first_name="")),
        no_company=Min("pk", filter=Q(company="")),
        not_latin=Min("pk", filter=Q(whole_name__regex=_NOT_LATIN)),
        apostrophe=Min("pk", filter=Q(whole_name__regex=_APOSTROPHE)),
    )
    long = named.annotate(length=Length("whole_name")).filter(length__gte=LONG_NAME)
    first["longest"] = long.order_by("-length", "pk").values_list("pk", flat=True).first()
    people = Lead.objects.in_bulk([key for key in first.values() if key])
    return [Example(label, people[first[name]]) for name, label in _LABELS.items() if first[name] in people]


_LABELS = {
    "no_first_name": "No first name",
    "no_company": "No company",
    "longest": "The longest name",
    "not_latin": "A name not in Latin letters",
    "apostrophe": "A name with an apostrophe",
}


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


def by_address(organization: Organization, address: str) -> Lead | None:
    """The organization's lead with this address, in whatever campaign or none."""
    return Lead.objects.for_organization(organization).filter(email_normalized=kept_form(address)).first()
