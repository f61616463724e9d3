"""The tags an import puts on its leads, found by name or made."""

from collections.abc import Iterable

from django.db.models import Value
from django.db.models.functions import Lower

from campaigns_project.accounts.models import Organization
from leads.models import Tag


def tag_ids(organization: Organization, names: Iterable[str]) -> list[int]:
    """The keys of the organization's tags of these names, in whatever case; one that does not exist yet is made."""
    wanted = [name.strip() for name in names]
    Tag.objects.bulk_create([Tag(organization=organization, name=name) for name in wanted], ignore_conflicts=True)
    # The database folds case here, as it does in the unique constraint: Python's rules differ for some letters.
    tags = Tag.objects.for_organization(organization).annotate(key=Lower("name"))
    return list(tags.filter(key__in=[Lower(Value(name)) for name in wanted]).values_list("pk", flat=True))
