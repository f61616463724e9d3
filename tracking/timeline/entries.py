"""One entry of a timeline, and how the rows behind it become entries."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import CharField, Func, OuterRef, Subquery, Value
from django.utils.timezone import localtime

from campaigns.models import LeadNote, LeadUserStatus, Message, Recipient
from campaigns_project.audit.models import AuditLog
from leads.models import LeadAlias, LeadChange, StagedLead, Suppression
from leads.suppression import with_campaign_names
from tracking.models import EmailEvent, InboundKind, InboundMail
from tracking.timeline import words
from tracking.timeline.kinds import EntryKind


@dataclass(frozen=True)
class Entry:
    """Something that happened. `state` is a word for its icon, `actor` who did it where somebody did.

    `refs` are the numbers of the rows it speaks of, by what they are; `data` is what came with it.
    """

    kind: EntryKind
    state: str
    title: str
    detail: str = ""
    actor: str = ""
    refs: Mapping[str, int] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None

    def at_time(self, at: datetime) -> "Entry":
        """The same, at this time."""
        return replace(self, at=at)


def describe(kind: EntryKind, ids: Iterable[int]) -> dict[int, Entry]:
    """The entries of these rows of one kind, by their number. One query, and one more where rows have lists."""
    rows, described = _DESCRIBED[kind]
    return {row.pk: described(row) for row in rows.filter(pk__in=list(ids))}


def _left(recipient: Recipient) -> Entry:
    title = f"Left “{recipient.campaign}”: {words.exit_reason(recipient.exit_reason)}"
    detail = recipient.error_message or words.how_soon(recipient)
    return Entry(EntryKind.LEFT, recipient.status, title, detail, refs=_refs(recipient))


def _event(event: EmailEvent) -> Entry:
    recipient, message = event.campaign_recipient, event.message
    about = words.step_of(message.step, recipient.campaign) if message else f"a mail of “{recipient.campaign}”"
    title, detail = words.event(event, about)
    refs = {**_refs(recipient), "event": event.pk, **({"message": message.pk} if message else {})}
    if event.inbound_mail:  # type: ignore[attr-defined]
        refs["inbound_mail"] = event.inbound_mail  # type: ignore[attr-defined]
        detail = words.shortened(event.words or "") or detail  # type: ignore[attr-defined]
    data = {"event_type": event.event_type, "is_machine": event.is_machine, **event.event_data}
    state = "machine" if event.is_machine else event.event_type
    return Entry(EntryKind.EVENT, state, title, detail, refs=refs, data=data)


def _mail(message: Message) -> Entry:
    about = words.step_of(message.step, message.recipient.campaign, message.variant)
    title, detail = words.mail(message, about)
    refs = {**_refs(message.recipient), "message": message.pk}
    data = {"status": message.status, "reason": message.reason}
    return Entry(EntryKind.MAIL, message.status, title, detail, refs=refs, data=data)


def _suppressed(suppression: Suppression) -> Entry:
    campaign = suppression.campaign_id and suppression.campaign_name  # type: ignore[attr-defined]
    where = f" in “{campaign}” alone" if campaign else ""
    until = f", until {localtime(suppression.expires_at):%-d %b %Y}" if suppression.expires_at else ""
    why = suppression.get_reason_display().lower()
    title = f"{suppression.address} was suppressed{where}: {why}{until}"
    by = str(suppression.created_by) if suppression.created_by else ""
    led: str | None = suppression.source_name  # type: ignore[attr-defined]
    source = f"By a mail of “{led}”" if led else suppression.source
    return Entry(EntryKind.SUPPRESSED, "suppressed", title, source, by, {"suppression": suppression.pk})


def _status(row: LeadUserStatus) -> Entry:
    title = row.get_status_display() + (f" in “{row.campaign}”" if row.campaign else "")
    refs = {"campaign": row.campaign_id} if row.campaign_id else {}
    return Entry(EntryKind.STATUS, row.status, title, actor=str(row.user), refs=refs, data={"status": row.status})


def _note(note: LeadNote) -> Entry:
    title = f"Note in “{note.campaign}”" if note.campaign else "Note"
    refs = {"note": note.pk, **({"campaign": note.campaign_id} if note.campaign_id else {})}
    return Entry(EntryKind.NOTE, "annotation", title, note.text, str(note.created_by or ""), refs)


def _merged(alias: LeadAlias) -> Entry:
    title = f"{alias.email_normalized} was merged into this lead"
    return Entry(EntryKind.MERGED, "merged", title, f"It was lead {alias.old_id}.", data={"old_id": alias.old_id})


def _changed(change: LeadChange) -> Entry:
    title = words.changes(change.changes)
    refs = {"import": change.lead_import_id} if change.lead_import_id else {}
    detail = words.origin(change)
    return Entry(EntryKind.CHANGED, "changed", title, detail, change.actor, refs, {"changes": change.changes})


def _enrolled(recipient: Recipient) -> Entry:
    return Entry(EntryKind.ENROLLED, "enrolled", f"Added to “{recipient.campaign}”", refs=_refs(recipient))


def _imported(staged: StagedLead) -> Entry:
    came = staged.lead_import
    title = f"Came with {came.file_name or came.get_source_display()}, row {staged.row_number:,}"
    return Entry(EntryKind.IMPORTED, "imported", title, refs={"import": came.pk}, data={"row": staged.row_number})


def _act(entry: AuditLog) -> Entry:
    did, detail = words.act(entry)
    return Entry(EntryKind.ACT, "act", did, detail, entry.actor_name, data={"action": entry.action})


def _refs(recipient: Recipient) -> dict[str, int]:
    return {"campaign": recipient.campaign_id, "recipient": recipient.pk}


# The mail that an event followed from, if one did: see InboundMail.
_CAME_IN = InboundMail.objects.filter(
    organization=OuterRef("campaign_recipient__campaign__organization"),
    identity=Func(OuterRef("source_event_id"), Value(":"), Value(2), function="split_part", output_field=CharField()),
    kind=InboundKind.REPLY,
)
_DESCRIBED: Mapping[EntryKind, tuple[Any, Callable[[Any], Entry]]] = {
    EntryKind.LEFT: (Recipient.objects.select_related("campaign"), _left),
    EntryKind.EVENT: (
        EmailEvent.objects.select_related("campaign_recipient__campaign", "message__step").annotate(
            inbound_mail=Subquery(_CAME_IN.values("pk")[:1]), words=Subquery(_CAME_IN.values("text")[:1])
        ),
        _event,
    ),
    EntryKind.MAIL: (
        Message.objects.select_related("recipient__campaign", "step", "variant", "sender"),
        _mail,
    ),
    EntryKind.SUPPRESSED: (with_campaign_names(Suppression.objects.select_related("created_by")), _suppressed),
    EntryKind.STATUS: (LeadUserStatus.objects.select_related("user", "campaign"), _status),
    EntryKind.NOTE: (LeadNote.objects.select_related("created_by", "campaign"), _note),
    EntryKind.MERGED: (LeadAlias.objects.all(), _merged),
    EntryKind.CHANGED: (LeadChange.objects.select_related("lead_import"), _changed),
    EntryKind.ENROLLED: (Recipient.objects.select_related("campaign"), _enrolled),
    EntryKind.IMPORTED: (StagedLead.objects.select_related("lead_import"), _imported),
    EntryKind.ACT: (AuditLog.objects.all(), _act),
}
