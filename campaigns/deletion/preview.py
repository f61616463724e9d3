"""What deleting a campaign would remove, what stays and what has to end before."""

import time
from datetime import datetime

from campaigns.deletion.blockers import blockers_of_campaign
from campaigns.deletion.counting import count_beneath, missing_tables
from campaigns.deletion.impact import Impact
from campaigns.deletion.queued import queued_tasks
from campaigns.deletion.relations import tree_of
from campaigns.models import Campaign
from campaigns_project.audit.models import AuditLog
from leads.models import Suppression

QUEUED = "queued_tasks"


def preview(*, campaign: Campaign, now: datetime) -> Impact:
    """Count everything that belongs to `campaign`, directly and through others. Changes nothing.

    SchemaIncomplete where the database lacks a table that has to be counted.
    """
    began = time.monotonic()
    tree = tree_of(Campaign)
    removed = {**count_beneath(tree, campaign.pk), QUEUED: len(queued_tasks([campaign.pk]))}
    return Impact(
        subject=f"campaign {campaign.pk}",
        removed=removed,
        stays=_stays(campaign, removed["recipients"]),
        blockers=blockers_of_campaign(campaign, tree),
        missing=missing_tables(tree),
        counted_at=now,
        seconds=round(time.monotonic() - began, 3),
    )


def _stays(campaign: Campaign, recipients: int) -> dict[str, int]:
    """People stay, each of whom is one recipient here; so does what must outlive the campaign."""
    suppressions = Suppression.objects.for_organization(campaign.organization)
    return {
        "leads": recipients,
        "suppressions": suppressions.filter(source=f"campaign {campaign.pk}").count(),
        "audit_entries": AuditLog.objects.filter(entity_type="campaign", entity_id=str(campaign.pk)).count(),
    }
