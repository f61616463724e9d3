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
    """One thing that uses a segment or a tag: `kind` is segment or campaign."""

    kind: str
    number: int
    name: str
    keeps: bool  # true: what is used cannot go while this is there


# Upper apps put their part in here when they get ready, since leads know nothing of campaigns.
Uses = Callable[[Segment], Iterable[Use]]
TagUses = Callable[[Tag], Iterable[Use]]
TagRename = Callable[[Tag, Tag], object]
_uses: list[Uses] = []
_tag_uses: list[tuple[TagUses, TagRename]] = []


def also_used_by(ask: Uses) -> None:
    """Have `ask` asked as well for what uses a segment."""
    if ask not in _uses:
        _uses.append(ask)


def tags_also_used_by(ask: TagUses, *, renamed: TagRename) -> None:
    """Have `ask` asked as well for what uses a tag, and `renamed` called when one tag becomes another."""
    if (ask, renamed) not in _tag_uses:
        _tag_uses.append((ask, renamed))


def uses_of(segment: Segment) -> list[Use]:
    """Everything that uses `segment`: segments that ask for it, and campaigns that enrolled by it."""
    own = [_use(each) for each in _asking_for(segment.organization_id, Segment, segment.pk)]
    return own + [use for ask in _uses for use in ask(segment)]


def segments_with_tag(tag: Tag) -> list[Segment]:
    """The segments whose rules name `tag`."""
    return _asking_for(tag.organization_id, Tag, tag.pk)


def users_of_tag(tag: Tag) -> list[str]:
    """The names of all that asks for `tag` and has it stay."""
    above = [use.name for ask, _ in _tag_uses for use in ask(tag) if use.keeps]
    return [segment.name for segment in segments_with_tag(tag)] + above


def tell_of_merge(tag: Tag, into: Tag) -> None:
    """Have everybody above ask for `into` who asked for `tag`."""
    for _, renamed in _tag_uses:
        renamed(tag, into)


def refuse_in_use(code: str, what: str, users: list[str]) -> None:
    """InUse where there is anybody in `users`."""
    if users:
        raise InUse(code, f"{what} is asked for by {told(users)}.", "Change their rules first.")


def told(names: list[str], most: int = TOLD) -> str:
    """The first of `names`, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(f"“{name}”" for name in names[:most]) + more


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
