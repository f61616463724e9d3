"""Which column fills which field of a lead: by the caller's mapping first, then by what people call the fields."""

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from leads.imports import errors
from leads.imports.contents import are_profiles, column_of_addresses
from leads.imports.fields import (
    CUSTOM_KEY_MAX,
    CUSTOM_PREFIX,
    DO_NOT_CONTACT,
    FULL_NAME,
    IGNORE,
    OF_SEVERAL,
    TARGETS,
    custom_key,
    is_custom,
)
from leads.imports.folding import folded
from leads.imports.opt_outs import Judge, judging, tells_states
from leads.imports.spreading import Inner
from leads.imports.synonyms import SYNONYMS

UNKNOWN_COLUMNS = ("refuse", "custom", "ignore")
# What an errors CSV adds; corrected, it comes back as it is. `_extra` has the cells that stand behind the last column.
PROBLEM_COLUMNS = (ROW, CODE, SENTENCE, EXTRA) = ("_row", "_problem_code", "_problem", "_extra")


# header as folded -> (field, rank); among the columns that fit one field the lowest rank wins
_KNOWN: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        folded(text): (name, rank)
        for name, texts in SYNONYMS.items()
        for rank, text in reversed(list(enumerate((name, *texts))))
    }
)
_FAMILY_NAME_BESIDE_FIRST = frozenset(map(folded, ("name", "naam", "namn", "navn", "nimi")))
# Called so, a column may hold the state of a subscription as well as that of a sale: its cells tell.
_MAYBE_STATES = frozenset(
    map(
        folded,
        ("status", "state", "email status", "e-mail status", "contact status", "lead status", "campaign status",
         "sequence status", "stage", "contact stage", "lead stage", "lead category", "estado", "statut"),
    )
)  # fmt: skip
_OPTED_OUT_OF = folded("opted out of email")  # HubSpot goes on with what of: “Opted out of email: One to One”
_REPEATED = re.compile(r"(.+) \(\d+\)")
_ROOM = 190  # characters of a name that is numbered: with its number it is as long as a name may be
_CLOSE = 0.8  # of difflib; lower than this and the suggestions are guesses nobody would make


@dataclass(frozen=True, slots=True)
class Columns:
    """What becomes of each column: `targets[i]` is one of TARGETS, `custom.key` or None for one left out.

    Those that are inside others (`inner`) stand behind those of the file. `words` is what somebody decided that the
    words of columns of marks say.
    """

    header: tuple[str, ...]
    targets: tuple[str | None, ...]
    inner: tuple[Inner, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    _positions: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._positions.update({target: i for i, target in enumerate(self.targets) if target})

    def position(self, target: str) -> int | None:
        """Which column fills the target, counted from 0; of a target that has OF_SEVERAL columns, see `positions`."""
        return self._positions.get(target)

    def positions(self, target: str) -> list[int]:
        """All columns of the target."""
        return [position for position, each in enumerate(self.targets) if each == target]

    @property
    def width(self) -> int:
        """How many columns the file has."""
        return len(self.header) - len(self.inner)

    @property
    def of_file(self) -> tuple[str, ...]:
        """The names of those that the file itself has."""
        return self.header[: self.width]

    def judge(self, position: int) -> Judge:
        """What says of a cell of the column whether one must not write to them."""
        return judging(self.header[position], self.words)

    @property
    def custom(self) -> list[tuple[str, int]]:
        """The keys under `custom` and the column of each."""
        return [(t.removeprefix(CUSTOM_PREFIX), i) for t, i in self._positions.items() if is_custom(t)]

    @property
    def matched(self) -> dict[str, str | None]:
        """Header to target, as shown to people and kept with the import."""
        return dict(zip(self.header, self.targets, strict=True))


def known_targets(names: Sequence[str], samples: Sequence[Sequence[str]] = ()) -> dict[str, str]:
    """What the columns fill by their names; the others are left out. Several may fill one of OF_SEVERAL.

    The `samples`, some cells of each column, only tell between columns that are called alike, and what is on LinkedIn.
    """
    targets: dict[str, str] = {}
    _add_known(names, targets, samples)
    return targets


def field_called(name: str) -> str:
    """The field that the column is called like; empty where none is."""
    known = _known(name)
    return known[0] if known else ""


def is_exact(name: str, target: str) -> bool:
    """Whether the column is called as the field itself, or as nearly everybody calls it."""
    return _KNOWN.get(folded(name), ("", 0)) in ((target, 0), (target, 1))


def holds_states(name: str, words: Mapping[str, int]) -> bool:
    """Whether a column that is called `Status` or so says by its words who has unsubscribed."""
    return folded(name) in _MAYBE_STATES and tells_states(words)


def is_known_header(cell: str) -> bool:
    """Whether some field of a lead is called so."""
    return folded(cell) in _KNOWN


def match_columns(
    header: Sequence[str],
    *,
    file_name: str,
    mapping: Mapping[str, str] | None = None,
    unknown_columns: str = "refuse",
    samples: Sequence[Sequence[str]] = (),
    words: Sequence[Mapping[str, int]] = (),
    inner: Sequence[Inner] = (),
    decided_words: Mapping[str, str] | None = None,
    needs_email: bool = True,
) -> Columns:
    """Decide for every column of a header what it fills.

    Where no column is called like an e-mail address, the one whose `samples` (some cells of each column) are addresses
    is the one. Of several that fit one field it is one with values. A `Status` whose words are states of a
    subscription says who must not be written to; `words` are those of each column in the whole file, where they are
    few. The `inner` columns follow those of the header; samples and words have them too. A column that others are in is
    left out, unless the mapping says otherwise.

    `mapping` gives targets by header and wins; `ignore` leaves a column out. `unknown_columns` says what becomes of the
    columns that match nothing: refuse the file, keep them under `custom`, or ignore them. With `needs_email` off the
    address may be missing: somebody is still choosing the columns. Raises a `FileRefused` whose
    code is `bad_option`, `bad_mapping`, `unknown_mapped_column`, `no_header`, `duplicate_header`, `ambiguous_columns`,
    `no_email_column` or `unknown_columns`.
    """
    if unknown_columns not in UNKNOWN_COLUMNS:
        raise errors.bad_option("unknown columns", unknown_columns, UNKNOWN_COLUMNS)
    own = named(header)
    names = [*own, *(each.name for each in inner)]
    _refuse_data_as_header(header, file_name=file_name)
    targets = _mapped(names, mapping or {}, file_name=file_name)
    for each in inner:
        targets.setdefault(own[each.position], IGNORE)
    _add_known(names, targets, samples)
    _add_email(names, targets, samples)
    _add_states(names, targets, samples, words)
    if needs_email:
        _refuse_repeated(header, own, targets, file_name=file_name)
    if needs_email and "email" not in targets.values():
        raise errors.no_email_column(file_name, columns=names)
    left = [name for name in names if name not in targets]
    if left and unknown_columns == "refuse":
        raise errors.unknown_columns(file_name, columns=[(name, _suggestion(name, targets)) for name in left])
    if unknown_columns == "custom":
        targets.update({name: custom_target(name, names) for name in left})
        _refuse_shared_targets(targets, file_name=file_name)
    found = tuple(None if (t := targets.get(name)) in (None, IGNORE) else t for name in names)
    return Columns(tuple(names), found, tuple(inner), decided_words or {})


def custom_target(name: str, names: Sequence[str]) -> str:
    """The free field a column is kept under."""
    key = custom_key(name) or f"column_{names.index(name) + 1}"
    return f"{CUSTOM_PREFIX}{key[:CUSTOM_KEY_MAX]}"


def named(header: Sequence[str]) -> list[str]:
    """The names of the columns, no two the same; those without one are counted, a second `Company` is `Company (2)`."""
    names = [cell or f"column {position}" for position, cell in enumerate(header, start=1)]
    taken, seen = set(map(compared, names)), set[str]()
    for position, name in enumerate(names):
        if compared(name) in seen:
            numbered = (f"{name[:_ROOM].rstrip()} ({number})" for number in itertools.count(2))
            names[position] = next(each for each in numbered if compared(each) not in taken)
            taken.add(compared(names[position]))
        seen.add(compared(names[position]))
    return names


def is_repeated(name: str, names: Sequence[str]) -> bool:
    """Whether a column is the second of a name, or a further one: `Company (2)` beside `Company`."""
    repeated = _REPEATED.fullmatch(name)
    return repeated is not None and compared(repeated[1]) in map(compared, names)


def compared(name: str) -> str:
    """A name as it is compared with others; one of nothing but signs is itself."""
    return folded(name) or name


def _refuse_data_as_header(header: Sequence[str], *, file_name: str) -> None:
    for cell in header:
        if "." in cell.partition("@")[2] and not any(c.isspace() for c in cell):
            raise errors.no_header(file_name, cell=cell)


def _refuse_repeated(
    header: Sequence[str], names: Sequence[str], targets: Mapping[str, str], *, file_name: str
) -> None:
    """A second column of a name has to be decided about: which of them is meant cannot be known."""
    first_of: dict[str, int] = {}
    pairs = []
    for position, (cell, name) in enumerate(zip(header, names, strict=True), start=1):
        first = first_of.setdefault(compared(cell or name), position)
        if first != position and name not in targets:
            pairs.append((first, position, name))
    if pairs:
        raise errors.duplicate_header(file_name, pairs=pairs)


def _mapped(names: Sequence[str], mapping: Mapping[str, str], *, file_name: str) -> dict[str, str]:
    """The targets the caller gave, by the names as the file writes them."""
    by_fold = {compared(name): name for name in names}
    targets: dict[str, str] = {}
    for column, wanted in mapping.items():
        name = by_fold.get(compared(column))
        if name is None:
            raise errors.unknown_mapped_column(file_name, column=column, columns=names)
        targets[name] = _checked_target(column, wanted.strip())
    _refuse_shared_targets(targets, file_name=file_name)
    return targets


def _checked_target(column: str, wanted: str) -> str:
    if wanted in TARGETS or wanted == IGNORE:
        return wanted
    key = wanted.removeprefix(CUSTOM_PREFIX)
    if not is_custom(wanted) or not key or key != custom_key(key) or len(key) > CUSTOM_KEY_MAX:
        raise errors.bad_mapping(f"{column}={wanted}", known=TARGETS)
    return wanted


def _refuse_shared_targets(targets: Mapping[str, str], *, file_name: str) -> None:
    column_of: dict[str, str] = {}
    for name, target in targets.items():
        if target != IGNORE and target not in OF_SEVERAL and column_of.setdefault(target, name) != name:
            raise errors.ambiguous_columns(file_name, field=target, columns=[column_of[target], name])


def _add_known(names: Sequence[str], targets: dict[str, str], samples: Sequence[Sequence[str]]) -> None:
    """Give every field that is still free the best column of those that are called like it, one with values first."""
    taken = set(targets.values())
    best: dict[str, tuple[bool, int, str]] = {}
    for name, cells in zip(names, [*samples, *[()] * len(names)], strict=False):
        if name in PROBLEM_COLUMNS:
            targets.setdefault(name, IGNORE)
        if name in targets or (known := _known(name)) is None:
            continue
        target, rank = known
        if target == "website" and are_profiles(cells):  # as LinkedIn calls the `URL` of a person
            target, rank = "linkedin_url", rank + len(_KNOWN)
        is_empty = not any(map(str.strip, cells))
        if target in OF_SEVERAL:
            targets[name] = target
        elif target not in taken and (target not in best or (is_empty, rank) < best[target][:2]):
            best[target] = (is_empty, rank, name)
    found = {target: name for target, (_, _, name) in best.items()}
    _name_beside_first_name(found, taken)
    targets.update({name: target for target, name in found.items()})


def _known(name: str) -> tuple[str, int] | None:
    """The field that is called so, and how usual that is; None where none is.

    A second column of a name is another one, but for those that are OF_SEVERAL.
    """
    fold = folded(name)
    if fold.startswith(_OPTED_OUT_OF):
        return DO_NOT_CONTACT, len(_KNOWN)
    repeated = _REPEATED.fullmatch(name)
    of_first = _KNOWN.get(folded(repeated[1])) if repeated else None
    return of_first if of_first and of_first[0] in OF_SEVERAL else _KNOWN.get(fold)


def _add_email(names: Sequence[str], targets: dict[str, str], samples: Sequence[Sequence[str]]) -> None:
    """Take the column of addresses for the e-mail address where none is called so, whatever else it is called."""
    if "email" in targets.values():
        return
    free = [place for place, name in enumerate(names) if place < len(samples) and targets.get(name) != IGNORE]
    found = column_of_addresses([samples[place] for place in free])
    if found is not None:
        targets[names[free[found]]] = "email"


def _add_states(
    names: Sequence[str],
    targets: dict[str, str],
    samples: Sequence[Sequence[str]],
    words: Sequence[Mapping[str, int]],
) -> None:
    for name, cells, known in zip(names, samples, [*words, *[{}] * len(names)], strict=False):
        if name not in targets and holds_states(name, known or Counter(cells)):
            targets[name] = DO_NOT_CONTACT


def _name_beside_first_name(found: dict[str, str], taken: set[str]) -> None:
    """In `Vorname, Name` and `Fornavn, Navn` the plain name is the family name: so it is beside a first name alone."""
    present = taken | found.keys()
    is_plain = folded(found.get(FULL_NAME, "")) in _FAMILY_NAME_BESIDE_FIRST
    if is_plain and "first_name" in present and "last_name" not in present:
        found["last_name"] = found.pop(FULL_NAME)


def _suggestion(name: str, targets: Mapping[str, str]) -> str:
    """The field that is still free and called almost like the column; empty when there is none."""
    free = {text: target for text, (target, _) in _KNOWN.items() if target not in targets.values()}
    close = difflib.get_close_matches(folded(name), free, n=1, cutoff=_CLOSE)
    return free[close[0]] if close else ""
