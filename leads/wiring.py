"""What `leads` tells the ground floor, which may not import it, and itself (`ready`)."""

from campaigns_project.verification.registry import verifies
from campaigns_project.verification.rows import related, unreadable
from campaigns_project.workers.subjects import speaks_of
from leads.imports.receiving import RUN_TASK
from leads.imports.trying import TRY_TASK
from leads.imports.undoing import UNDO_TASK
from leads.segments.fields import offer, offer_custom
from leads.segments.known import FIELDS, CustomKind


def wire() -> None:
    """Fill the registries; once, when all models are there."""
    offer(FIELDS)
    offer_custom(CustomKind)
    for task in (RUN_TASK, TRY_TASK, UNDO_TASK):
        speaks_of(task, "leads.LeadImport")
    verifies("references of leads", related("leads"))
    verifies("secrets of leads", unreadable("leads"))
