"""A new draft campaign with the people of an import."""

from django.db import transaction

from campaigns.enrollment.imported import queue_enrollment
from campaigns.models import Campaign
from campaigns.naming import free_campaign_id
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused, StateRefused
from leads.models import ImportStatus, LeadImport


@transaction.atomic
def create_from_import(*, lead_import: LeadImport, name: str, actor: Actor) -> Campaign:
    """A draft called `name`; a worker enrolls the people of the import, and notes with it what came of that.

    Raises `name_missing`, `import_not_through` while the import is under way or where it was undone, and
    `import_rows_removed` when nobody can say any more whom it brought.
    """
    if not name.strip():
        raise Refused("name_missing", "The campaign needs a name.", details={"field": "name"})
    locked = LeadImport.objects.select_for_update().get(pk=lead_import.pk)
    if locked.status not in ImportStatus.ended or locked.undone_at is not None:
        raise StateRefused(
            "import_not_through",
            f"Import {locked.pk} is under way, or was undone.",
            "Wait for its end, or import the file again.",
        )
    if locked.rows_removed_at is not None:
        raise StateRefused(
            "import_rows_removed",
            f"The rows of import {locked.pk} were removed for their age on {locked.rows_removed_at:%d %B %Y}.",
            "The leads it made are in the list of leads under its number: add them to a campaign there.",
        )
    campaign = Campaign.objects.create(
        organization_id=locked.organization_id,
        campaign_id=free_campaign_id(name),
        name=name.strip(),
        created_by_id=actor.id,
    )
    locked.options = {**locked.options, "enroll_into": campaign.pk}
    locked.save(update_fields=["options"])
    queue_enrollment(locked)
    record(
        action="campaign.created",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=actor,
        after={"name": campaign.name, "import": locked.pk},
    )
    return campaign
