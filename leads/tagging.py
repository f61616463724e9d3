"""Tags by name: found whatever their case, made where they do not exist yet."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower

from campaigns_project.accounts.models import Organization
from leads.models import Lead, LeadTag, Tag


def tags_named(organization: Organization, names: Iterable[str]) -> list[Tag]:
    """The organization's tags of these names; one that does not exist yet is made. Blank names are passed over."""
    wanted = [name.strip() for name in names if name.strip()]
    Tag.objects.bulk_create([Tag(organization=organization, name=name) for name in wanted], ignore_conflicts=True)
    return tags_by_name(organization, wanted)


def tags_by_name(organization: Organization, names: Iterable[str]) -> list[Tag]:
    """Those of the organization's tags that have one of these names."""
    # The database folds case here, as it does in the unique constraint: Python's rules differ for some letters.
    tags = Tag.objects.for_organization(organization).annotate(key=Lower("name"))
    return list(tags.filter(key__in=[Lower(Value(name.strip())) for name in names]))


@transaction.atomic
def set_tags(*, lead: Lead, names: Iterable[str]) -> None:
    """Give `lead` exactly the tags of these names."""
    tags = tags_named(lead.organization, names)
    lead.lead_tags.exclude(tag__in=tags).delete()
    LeadTag.objects.bulk_create([LeadTag(lead=lead, tag=tag) for tag in tags], ignore_conflicts=True)
