"""Tags by name: found whatever their case, made where they do not exist yet."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from leads.models import Lead, LeadTag, Tag

SEPARATOR = ","  # between the names of several tags, in filters and in forms


def tags_named(organization: Organization, names: Iterable[str]) -> list[Tag]:
    """The organization's tags of these names; one that does not exist yet is made. Blank names are passed over.

    Refused (`bad_tag`) where one that would be made has a name that no tag may have.
    """
    wanted = [name.strip() for name in names if name.strip()]
    check_tag_names(organization, wanted)
    Tag.objects.bulk_create([Tag(organization=organization, name=name) for name in wanted], ignore_conflicts=True)
    return tags_by_name(organization, wanted)


def tags_by_name(organization: Organization, names: Iterable[str]) -> list[Tag]:
    """Those of the organization's tags that have one of these names."""
    # The database folds case here, as it does in the unique constraint: Python's rules differ for some letters.
    tags = Tag.objects.for_organization(organization).annotate(key=Lower("name"))
    return list(tags.filter(key__in=[Lower(Value(name.strip())) for name in names]))


def check_tag_names(organization: Organization, names: Iterable[str]) -> None:
    """Refused (`bad_tag`) for a name that no tag may have. One that has it from earlier days is taken as it is."""
    for name in names:
        if SEPARATOR in name and not tags_by_name(organization, [name]):
            refuse_separator(name, field="tags")


def refuse_separator(name: str, *, field: str) -> None:
    """Refused (`bad_tag`) for a name with a comma; `field` is where it was written."""
    if SEPARATOR in name:
        message = f"“{name[:60]}” cannot be a tag: commas separate tags, so that nothing could ask for this one."
        raise Refused("bad_tag", message, "Write it without a comma, or as several tags.", {"field": field})


@transaction.atomic
def set_tags(*, lead: Lead, names: Iterable[str]) -> None:
    """Give `lead` exactly the tags of these names."""
    tags = tags_named(lead.organization, names)
    lead.lead_tags.exclude(tag__in=tags).delete()
    LeadTag.objects.bulk_create([LeadTag(lead=lead, tag=tag) for tag in tags], ignore_conflicts=True)
