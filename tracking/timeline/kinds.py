"""What a timeline is made of, and the parts of it that can be asked for alone."""

from collections.abc import Mapping

from django.db import models

from tracking.models import EventType


class EntryKind(models.TextChoices):
    """What an entry tells of. The order is that of entries of one and the same moment, the latest first."""

    LEFT = "left", "left a campaign"
    EVENT = "event", "something happened to a mail"
    MAIL = "mail", "a mail, or why it was not sent"
    SUPPRESSED = "suppressed", "the address or its domain was suppressed"
    STATUS = "status", "where an operator stands with the lead"
    NOTE = "note", "a note"
    MERGED = "merged", "another lead was merged into this one"
    CHANGED = "changed", "fields were changed"
    ENROLLED = "enrolled", "was added to a campaign"
    IMPORTED = "imported", "came with an import"
    ACT = "act", "what else somebody did"


class Show(models.TextChoices):
    """A part of the timeline."""

    MESSAGES = "messages", "Messages"
    REPLIES = "replies", "Replies"
    CLICKS = "clicks", "Opens and clicks"
    SYSTEM = "system", "System"
    CHANGES = "changes", "Changes"
    NOTES = "notes", "Notes"


_OF_EVENTS: Mapping[Show, frozenset[EventType]] = {
    Show.REPLIES: frozenset({EventType.REPLY, EventType.FORWARD}),
    Show.CLICKS: frozenset({EventType.OPEN, EventType.CLICK}),
    Show.SYSTEM: frozenset({EventType.BOUNCE, EventType.UNSUBSCRIBE, EventType.COMPLAIN}),
}
_OF_KINDS: Mapping[Show, frozenset[EntryKind]] = {
    Show.MESSAGES: frozenset({EntryKind.MAIL}),
    Show.SYSTEM: frozenset(
        {EntryKind.ENROLLED, EntryKind.LEFT, EntryKind.SUPPRESSED, EntryKind.IMPORTED, EntryKind.ACT}
    ),
    Show.CHANGES: frozenset({EntryKind.CHANGED, EntryKind.MERGED}),
    Show.NOTES: frozenset({EntryKind.NOTE, EntryKind.STATUS}),
}


def kinds_of(show: frozenset[Show]) -> frozenset[EntryKind]:
    """The kinds of entries these parts are made of; all of them where no part is named."""
    if not show:
        return frozenset(EntryKind)
    named = frozenset().union(*(_OF_KINDS.get(part, frozenset()) for part in show))
    return named | ({EntryKind.EVENT} if events_of(show) else set())


def events_of(show: frozenset[Show]) -> frozenset[EventType]:
    """The types of events in these parts; all of them where no part is named."""
    if not show:
        return frozenset(EventType)
    return frozenset().union(*(_OF_EVENTS.get(part, frozenset()) for part in show))
