"""What erasing a person would remove, what stays and what has to end before."""

import time
from datetime import datetime

from django.db.models import QuerySet

from campaigns.deletion.counting import count_beneath, missing_tables
from campaigns.deletion.impact import Blocker, Impact
from campaigns.deletion.relations import tree_of
from campaigns.models import Campaign, Message, MessageStatus
from campaigns.persons.drafts import drafts_naming
from campaigns.persons.errors import ErasureCode
from campaigns.persons.traces import traces_of
from campaigns_project.audit.models import AuditLog
from leads.models import ImportStatus, Lead, LeadEnrichment, LeadImport, StagedLead


def preview_person(*, lead: Lead, now: datetime) -> Impact:
    """Count everything that hangs on `lead`. Changes nothing.

    What merely mentions the person is not counted: it is looked for while erasing, and stays without the address. But
    drafts of imports are read to their end, since one that names the person goes as a whole.
    """
    began = time.monotonic()
    tree = tree_of(Lead)
    rows = StagedLead.objects.filter(lead=lead)
    return Impact(
        subject=f"lead {lead.pk}",
        removed={
            **count_beneath(tree, lead.pk),
            "rows_emptied": rows.count(),
            "lead_enrichments": LeadEnrichment.objects.filter(staged_lead__in=rows).count(),
            "drafts_discarded": len(drafts_naming(lead.organization_id, traces_of(lead))),
        },
        stays={
            "campaigns_kept": Campaign.objects.filter(recipients__lead=lead).count(),
            "audit_entries": AuditLog.objects.about(lead).count(),
        },
        blockers=blockers_of_person(lead),
        missing=missing_tables(tree),
        counted_at=now,
        seconds=round(time.monotonic() - began, 3),
    )


def blockers_of_person(lead: Lead) -> list[Blocker]:
    """Empty when nothing is in the way of erasing `lead`."""
    found = []
    if mails_in_flight(lead).exists():
        found.append(
            Blocker(ErasureCode.MAIL_IN_FLIGHT, "A mail is in a worker's hands: wait a moment, then look again.")
        )
    importing = LeadImport.objects.filter(organization=lead.organization_id, status__in=ImportStatus.going)
    found += [
        Blocker(
            ErasureCode.IMPORT_ACTIVE,
            f"Import {pk} is under way, and its file may name them: wait for its end, or cancel it.",
        )
        for pk in importing.order_by("pk").values_list("pk", flat=True)
    ]
    return found


def mails_in_flight(lead: Lead) -> QuerySet[Message]:
    """Mails to `lead` that are with a worker now; what the mail server then has cannot be taken back."""
    return Message.objects.filter(recipient__lead=lead, status__in=MessageStatus.IN_FLIGHT)
