"""Where the entries come from: for each kind the rows that tell of a lead, with their time as `at`.

Each is found by an index that begins with the lead, its recipients or its addresses.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from campaigns.models import LeadNote, LeadUserStatus, Message, MessageStatus, Recipient
from campaigns_project.audit.models import AuditLog
from leads.addresses import domain_of
from leads.models import Lead, LeadAlias, LeadChange, StagedLead, StagedStatus, Suppression
from leads.suppression import addresses_of
from tracking.models import EmailEvent, EventType
from tracking.timeline.kinds import EntryKind

# Acts that other entries tell of, and better.
_TOLD_ELSEWHERE = ("lead.changed", "lead.merged")


def rows_of(kind: EntryKind, lead: Lead, events: frozenset[EventType]) -> QuerySet[Any]:
    """The rows of `kind` about `lead`; of events only those of these types."""
    rows = _ROWS[kind](lead)
    return rows.filter(event_type__in=events) if kind == EntryKind.EVENT and events != frozenset(EventType) else rows


def _left(lead: Lead) -> QuerySet[Any]:
    return Recipient.objects.living().filter(lead=lead, exited_at__isnull=False).annotate(at=F("exited_at"))


def _events(lead: Lead) -> QuerySet[Any]:
    return EmailEvent.objects.living().filter(campaign_recipient__lead=lead).annotate(at=F("created_at"))


def _mails(lead: Lead) -> QuerySet[Any]:
    """A mail that was never tried has the time at which its recipient left, or its own beginning."""
    mails = Message.objects.living().filter(recipient__lead=lead)
    at = Coalesce("sent_at", "attempted_at", "recipient__exited_at", "created_at")
    return mails.exclude(status=MessageStatus.PENDING, attempted_at=None).annotate(at=at)


def _suppressed(lead: Lead) -> QuerySet[Any]:
    addresses = addresses_of(lead)
    targets = addresses | {domain_of(lead.email_normalized)}
    own = Suppression.objects.living().for_organization(lead.organization)
    # The index is made for addresses that are not empty, and serves nobody who does not say so.
    return own.exclude(address="").filter(address__in=targets).annotate(at=F("created_at"))


def _statuses(lead: Lead) -> QuerySet[Any]:
    return LeadUserStatus.objects.living().filter(lead=lead).annotate(at=F("updated_at"))


def _notes(lead: Lead) -> QuerySet[Any]:
    return LeadNote.objects.living().filter(lead=lead).annotate(at=F("created_at"))


def _merged(lead: Lead) -> QuerySet[Any]:
    return LeadAlias.objects.filter(lead=lead).annotate(at=F("created_at"))


def _changed(lead: Lead) -> QuerySet[Any]:
    return LeadChange.objects.filter(lead=lead).annotate(at=F("created_at"))


def _enrolled(lead: Lead) -> QuerySet[Any]:
    return Recipient.objects.living().filter(lead=lead).annotate(at=F("created_at"))


def _imported(lead: Lead) -> QuerySet[Any]:
    promoted = StagedLead.objects.filter(lead=lead, status=StagedStatus.PROMOTED)
    return promoted.annotate(at=Coalesce("promoted_at", "staged_at"))


def _acts(lead: Lead) -> QuerySet[Any]:
    acts = AuditLog.objects.about(lead).for_organization(lead.organization)
    return acts.exclude(action__in=_TOLD_ELSEWHERE).annotate(at=F("created_at"))


_ROWS: Mapping[EntryKind, Callable[[Lead], QuerySet[Any]]] = {
    EntryKind.LEFT: _left,
    EntryKind.EVENT: _events,
    EntryKind.MAIL: _mails,
    EntryKind.SUPPRESSED: _suppressed,
    EntryKind.STATUS: _statuses,
    EntryKind.NOTE: _notes,
    EntryKind.MERGED: _merged,
    EntryKind.CHANGED: _changed,
    EntryKind.ENROLLED: _enrolled,
    EntryKind.IMPORTED: _imported,
    EntryKind.ACT: _acts,
}
