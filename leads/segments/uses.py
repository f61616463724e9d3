"""What rests on a segment or a tag, so that nobody takes it away from under somebody."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from campaigns_project.errors import Refused
from leads.models import Segment, Tag
from leads.segments.errors import InUse
from leads.segments.naming import named
from leads.segments.reading import read_rules

TOLD = 3  # by name; the others are counted


@dataclass(frozen=True)
class Use:
    """One thing that uses a segment: `kind` is segment or campaign."""

    kind: str
    number: int
    name: str
    keeps: bool  # true: the segment cannot go while this is there


# Upper apps put their part in here when they get ready, since leads know nothing of campaigns.
Uses = Callable[[Segment], Iterable[Use]]
_uses: list[Uses] = []


def also_used_by(ask: Uses) -> None:
    """Have `ask` asked as well for what uses a segment."""
    if ask not in _uses:
        _uses.append(ask)


def uses_of(segment: Segment) -> list[Use]:
    """Everything that uses `segment`: segments that ask for it, and campaigns that enrolled by it."""
    own = [_use(each) for each in _asking_for(segment.organization_id, Segment, segment.pk)]
    return own + [use for ask in _uses for use in ask(segment)]


def segments_with_tag(tag: Tag) -> list[Segment]:
    """The segments whose rules name `tag`."""
    return _asking_for(tag.organization_id, Tag, tag.pk)


def refuse_in_use(code: str, what: str, users: list[str]) -> None:
    """InUse where there is anybody in `users`."""
    if users:
        more = f" and {len(users) - TOLD} more" if len(users) > TOLD else ""
        names = ", ".join(f"“{name}”" for name in users[:TOLD])
        raise InUse(code, f"{what} is asked for by {names}{more}.", "Change their rules first.")


def _asking_for(organization_id: int, model: type, number: int) -> list[Segment]:
    """Segments are few (hundreds at the most): their rules are read, rather than searched as texts."""
    own = Segment.objects.filter(organization=organization_id)
    return [each for each in own if number in _numbers(each, model)]


def _numbers(segment: Segment, model: type) -> set[int]:
    try:
        return named(read_rules(segment.rules), model)
    except Refused:  # made by a version that knew other fields: it cannot be asked, so it asks for nothing
        return set()


def _use(segment: Segment) -> Use:
    return Use("segment", segment.pk, segment.name, keeps=True)
