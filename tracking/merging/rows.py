"""Rows that hang on a lead and go over to another, each kind by its own rule where only one may be there."""

from collections.abc import Callable, Mapping

from django.db.models import Model

from campaigns.models import LeadNote, LeadRanking, LeadUserStatus, OperatorTask, Recipient
from leads.models import Lead, LeadAlias, LeadChange, LeadTag, SegmentMember, StagedLead

Move = Callable[[Lead, Lead], object]


def move_rows(*, keep: Lead, other: Lead) -> None:
    """Everything in MOVES goes from `other` to `keep`; what may not be there twice is left for the deletion."""
    for move in MOVES.values():
        move(keep, other)


def counts_of(lead: Lead) -> dict[str, int]:
    """How many rows of each kind hang on `lead`."""
    return {name: model._default_manager.filter(lead=lead).count() for name, model in _COUNTED.items()}


def _all(model: type[Model]) -> Move:
    def move(keep: Lead, other: Lead) -> None:
        model._default_manager.filter(lead=other).update(lead=keep)

    return move


def _unless_there(model: type[Model], key: str) -> Move:
    """Those for which `keep` has no row with the same `key`."""

    def move(keep: Lead, other: Lead) -> None:
        rows = model._default_manager.filter(lead=other)
        there = model._default_manager.filter(lead=keep).values(key)
        rows.exclude(**{f"{key}__in": there}).update(lead=keep)

    return move


def _statuses(keep: Lead, other: Lead) -> None:
    """Of two by one person in one campaign the later one stays. A handful of rows: operators times campaigns."""
    ours = {(row.user_id, row.campaign_id): row for row in LeadUserStatus.objects.filter(lead=keep)}
    for row in LeadUserStatus.objects.filter(lead=other):
        rival = ours.get((row.user_id, row.campaign_id))
        if rival and rival.updated_at >= row.updated_at:
            continue
        if rival:
            rival.delete()
        LeadUserStatus.objects.filter(pk=row.pk).update(lead=keep)


# Of every model with a foreign key to a lead; a test fails where one is missing.
MOVES: Mapping[type[Model], Move] = {
    SegmentMember: _unless_there(SegmentMember, "segment"),
    LeadRanking: _unless_there(LeadRanking, "campaign"),
    LeadNote: _all(LeadNote),
    LeadUserStatus: _statuses,
    OperatorTask: _all(OperatorTask),
    LeadChange: _all(LeadChange),
    LeadAlias: _all(LeadAlias),
    StagedLead: _all(StagedLead),
}
# With a rule of their own: enrollments in `folding`, tags among the fields that change.
ELSEWHERE = frozenset({Recipient, LeadTag})
# One and many, as a preview says it.
ROW_WORDS = {
    "notes": ("note", "notes"),
    "statuses": ("status", "statuses"),
    "tasks": ("task", "tasks"),
    "changes": ("change of fields", "changes of fields"),
    "segments": ("place in a segment", "places in segments"),
    "imports": ("row of an import", "rows of imports"),
}
_COUNTED: Mapping[str, type[Model]] = {
    "notes": LeadNote,
    "statuses": LeadUserStatus,
    "tasks": OperatorTask,
    "changes": LeadChange,
    "segments": SegmentMember,
    "imports": StagedLead,
}
