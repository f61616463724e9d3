"""For each column of a file what it may become, and how sure that is: what a person is shown before deciding."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from leads.imports.contents import field_by_content
from leads.imports.fields import DO_NOT_CONTACT, IGNORE, OF_SEVERAL, is_custom
from leads.imports.folding import folded
from leads.imports.matching import (
    custom_target,
    field_called,
    holds_states,
    is_exact,
    is_repeated,
    known_targets,
    named,
)
from leads.imports.spreading import Inner

SHOWN_SAMPLES = 3
_NO_MARKS: Mapping[str, Mapping[str, int]] = MappingProxyType({})


class Confidence(StrEnum):
    """What a suggestion rests on, the surest first."""

    REMEMBERED = "remembered"  # mapped so the last time
    EXACT = "exact"  # called as the field is
    SYNONYM = "synonym"  # called as other systems or languages call it
    CONTENT = "content"  # holds such values
    SPREAD = "spread"  # holds objects, whose keys are columns of their own
    NONE = "none"  # nothing is known: a field of one's own, or nothing where the column is empty


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One column: what to make of it, why, and up to SHOWN_SAMPLES different cells of it."""

    header: str
    target: str
    confidence: Confidence
    samples: tuple[str, ...]
    inside: str = ""  # the column of the file that it is a key of


def suggest(
    header: Sequence[str],
    samples: Sequence[Sequence[str]],
    remembered: Mapping[str, str] | None = None,
    *,
    inner: Sequence[Inner] = (),
    marks: Mapping[str, Mapping[str, int]] = _NO_MARKS,
) -> list[Suggestion]:
    """A suggestion for every column; no field is suggested twice, but for those that may have several columns.

    `samples` are some cells of each column, those `inner` to others too; `remembered` is header to target as
    `remembering.remembered` gives it. `marks` has the words of columns that say in the whole file who is out, or may
    say it.
    """
    own = named(header)
    names = [*own, *(each.name for each in inner)]
    cells = [*samples, *[()] * len(names)][: len(names)]
    found = _from_memory(names, cells, remembered or {}, marks)
    _take(found, {own[each.position]: (IGNORE, Confidence.SPREAD) for each in inner})
    _take(found, {name: (target, _by_name(name, target)) for name, target in known_targets(names, cells).items()})
    _take_contents(found, names, cells, marks)
    inside = {each.name: own[each.position] for each in inner}
    return [
        Suggestion(name, *found.get(name, _unknown(name, names, column)), _shown(column), inside.get(name, ""))
        for name, column in zip(names, cells, strict=True)
    ]


_Found = dict[str, tuple[str, Confidence]]


def _from_memory(
    names: Sequence[str],
    cells: Sequence[Sequence[str]],
    remembered: Mapping[str, str],
    marks: Mapping[str, Mapping[str, int]],
) -> _Found:
    """What was decided the last time; not that a mark of who is out is a field of one's own.

    That was the choice while such columns were not known, and whoever made it would write to everybody in them.
    """
    outdated = {
        folded(name)
        for name, column in zip(names, cells, strict=True)
        if field_called(name) == DO_NOT_CONTACT or holds_states(name, marks.get(name) or Counter(column))
    }
    by_fold = {
        fold: target
        for name, target in remembered.items()
        if not ((fold := folded(name)) in outdated and is_custom(target))
    }
    return {name: (by_fold[folded(name)], Confidence.REMEMBERED) for name in names if folded(name) in by_fold}


def _by_name(name: str, target: str) -> Confidence:
    if target == "linkedin_url" and field_called(name) == "website":
        return Confidence.CONTENT
    return Confidence.EXACT if is_exact(name, target) else Confidence.SYNONYM


def _take(found: _Found, further: _Found) -> None:
    """Add what is no column twice and no field twice."""
    taken = {target for target, _ in found.values()} - OF_SEVERAL
    found.update({name: what for name, what in further.items() if name not in found and what[0] not in taken})


def _take_contents(
    found: _Found,
    names: Sequence[str],
    cells: Sequence[Sequence[str]],
    marks: Mapping[str, Mapping[str, int]],
) -> None:
    """What the cells show, for columns that nothing is known of; addresses also for one that is only called so alike.

    Without an e-mail address there is no import: “Kontakt” may be a name elsewhere, over addresses it is one.
    """
    for name, column in zip(names, cells, strict=True):
        if name not in found and (name in marks or holds_states(name, Counter(column))):
            found[name] = (DO_NOT_CONTACT, Confidence.CONTENT)
        field = field_by_content(column)
        taken = {target for target, _ in found.values()}
        is_free = name not in found or (field == "email" and found[name][1] == Confidence.SYNONYM)
        if field and field not in taken and is_free:
            found[name] = (field, Confidence.CONTENT)


def _unknown(name: str, names: Sequence[str], column: Sequence[str]) -> tuple[str, Confidence]:
    """A field of one's own; nothing where the column is empty, or repeats the name of another."""
    is_kept = _shown(column) and not is_repeated(name, names)
    return (custom_target(name, names) if is_kept else IGNORE), Confidence.NONE


def _shown(column: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell.strip() for cell in column if cell.strip()))[:SHOWN_SAMPLES]
