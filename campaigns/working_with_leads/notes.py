"""What somebody wrote down about a lead. The audit log tells who and when, never the words."""

from typing import Any

from django.db import transaction

from campaigns.models import Campaign, LeadNote
from campaigns.working_with_leads.current import campaign_for
from campaigns_project.accounts.models import User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused
from leads.models import Lead

LONGEST_NOTE = 20_000  # characters: some pages, and nobody pastes a mailbox into one


@transaction.atomic
def add_note(*, lead: Lead, text: str, campaign: Campaign | None = None, author: User | None, actor: Actor) -> LeadNote:
    """Keep `text` about `lead`; without a campaign, that of the latest enrollment. Refused for an empty note."""
    campaign = campaign_for(lead, campaign)
    note = LeadNote.objects.create(lead=lead, campaign=campaign, text=_said(text), created_by=author)
    _record(note, "created", actor, after={"lead": lead.pk, "campaign": campaign and campaign.pk})
    return note


@transaction.atomic
def change_note(*, note: LeadNote, text: str, actor: Actor) -> LeadNote:
    """Other words for a note. Refused for an empty one."""
    before, note.text = note.text, _said(text)
    note.save(update_fields=["text", "updated_at"])
    _record(note, "changed", actor, before={"text": before}, after={"text": note.text})
    return note


@transaction.atomic
def remove_note(*, note: LeadNote, actor: Actor) -> None:
    """Take a note away for good."""
    _record(note, "deleted", actor, before={"lead": note.lead_id})
    note.delete()


def _said(text: str) -> str:
    words = text.strip()
    if not words:
        raise Refused("note_empty", "The note says nothing.", "Write something, or delete it.", {"field": "text"})
    if len(words) > LONGEST_NOTE:
        message = f"The note has {len(words):,} characters; it may have {LONGEST_NOTE:,}."
        raise Refused("note_too_long", message, "Shorten it.", {"field": "text"})
    return words


def _record(note: LeadNote, act: str, actor: Actor, **told: Any) -> None:
    organization = note.lead.organization_id
    record(action=f"leadnote.{act}", entity=note, organization_id=organization, actor=actor, **told)
