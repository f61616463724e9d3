"""The tags of a lead, by name."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower

from leads.models import Lead, LeadTag, Tag


@transaction.atomic
def set_tags(*, lead: Lead, names: Iterable[str]) -> None:
    """Give `lead` exactly the tags of these names, in whatever case; one that does not exist yet is made."""
    wanted = [name.strip() for name in names if name.strip()]
    made = [Tag(organization_id=lead.organization_id, name=name) for name in wanted]
    Tag.objects.bulk_create(made, ignore_conflicts=True)
    # The database folds case here, as it does in the unique constraint: Python's rules differ for some letters.
    folded = [Lower(Value(name)) for name in wanted]
    own = Tag.objects.filter(organization_id=lead.organization_id)
    tags = list(own.annotate(key=Lower("name")).filter(key__in=folded))
    lead.lead_tags.exclude(tag__in=tags).delete()
    LeadTag.objects.bulk_create([LeadTag(lead=lead, tag=tag) for tag in tags], ignore_conflicts=True)
