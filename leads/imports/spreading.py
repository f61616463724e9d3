"""Columns whose cells are JSON objects, such as listmonk's `attributes`: each of their keys is a column of its own."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from leads.cleaning import storable
from leads.imports.folding import folded
from leads.imports.opt_outs import Words

MOST_KEYS = 200  # of one column; more are data of another kind, keyed by numbers or days
_KEY_MAX = 200  # characters: as long as the name of a column may be
_BETWEEN = ", "  # the values of a list
# Columns called so hold what is known of the person: their keys are called as columns are. Elsewhere a key says nothing
# alone: the `name` in a `company` is not that of the person.
_OF_THE_PERSON = frozenset(
    """
    attributes attribs attributesjson customfields customattributes customvariables custom fields properties payload
    data metadata meta variables mergefields mergevars extra extradata extrafields additionalfields json contact person
    subscriber lead prospect profile traits userdata info
    """.split()  # noqa: SIM905 - one a line is longer to read
)


class Inner(NamedTuple):
    """A column inside another one: what it is called, the place of that one, and the key (`company.name` if nested)."""

    name: str
    position: int
    path: str


class NoObject(ValueError):
    """A cell of a column of objects that is none; `position` is the place of the column."""

    def __init__(self, cell: str, position: int):
        super().__init__("no object")
        self.cell, self.position = cell, position


def unfolded(cell: str) -> dict[str, str]:
    """The keys of an object and their values as texts; of an object in it `outer.inner`. Empty for an empty cell.

    Numbers stay as they are written, a list of plain values is one text, and null is nothing. Raises ValueError where
    the cell is no object.
    """
    if not cell.strip():
        return {}
    try:
        value = json.loads(cell, parse_int=str, parse_float=str, parse_constant=str)
        if isinstance(value, dict):
            return dict(_pairs(value))
    except (ValueError, RecursionError):
        pass
    raise ValueError("no object")


def are_objects(cells: Iterable[str]) -> bool:
    """Whether there are filled cells, and every one of them is an object."""
    filled = [cell for cell in cells if cell.strip()]
    if not all(cell.lstrip()[0] == "{" for cell in filled):
        return False
    try:
        for cell in filled:
            unfolded(cell)
    except ValueError:
        return False
    return bool(filled)


class Keys:
    """The keys of the columns of objects of one file, gathered row by row, with the words of each."""

    def __init__(self, positions: Iterable[int]):
        self._found: dict[int, dict[str, Words]] = {position: {} for position in positions}

    def look(self, cells: Sequence[str]) -> None:
        """One row. A cell that is no object is a problem of its row, later; it has no keys."""
        for position, found in self._found.items():
            if position < len(cells) and len(found) <= MOST_KEYS:
                try:
                    values = unfolded(cells[position])
                except ValueError:
                    continue
                for path, text in values.items():
                    found.setdefault(path, Words()).look((text,))

    def columns(self, names: Sequence[str]) -> tuple[Inner, ...]:
        """The inner columns, none called like one of the file or like another.

        A column with more keys than MOST_KEYS, or with one too long for a name, is left as the text it is.
        """
        taken = set(map(_compared, names))
        inner: list[Inner] = []
        for position, found in self._found.items():
            if len(found) > MOST_KEYS or any(len(path) > _KEY_MAX for path in found):
                continue
            for path in found:
                name = next(name for name in _names_for(path, names[position]) if _compared(name) not in taken)
                taken.add(_compared(name))
                inner.append(Inner(name, position, path))
        return tuple(inner)

    def words_of(self, inner: Inner) -> Words:
        """The texts of one of these columns."""
        return self._found[inner.position][inner.path]


def spread(cells: Sequence[str], inner: Sequence[Inner]) -> list[str]:
    """The cells of the inner columns of one row; raises NoObject where a cell is none."""
    objects: dict[int, Mapping[str, str]] = {}
    for _, position, _ in inner:
        if position not in objects:
            try:
                objects[position] = unfolded(cells[position])
            except ValueError:
                raise NoObject(cells[position], position) from None
    return [objects[position].get(path, "") for _, position, path in inner]


def _pairs(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, inside in value.items():
        path = f"{above}{storable(key)}"
        if isinstance(inside, dict):
            yield from _pairs(inside, f"{path}.")
        else:
            yield path, _text(inside)


def _text(value: Any) -> str:
    if isinstance(value, list):
        is_plain = not any(isinstance(each, (list, dict)) for each in value)
        return _BETWEEN.join(filter(None, map(_text, value))) if is_plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _names_for(path: str, column: str) -> Iterator[str]:
    """What an inner column may be called, the best first: as its key, else with the column that it is in."""
    if path.strip() and folded(column) in _OF_THE_PERSON:
        yield path.strip()
    full = f"{column[: _KEY_MAX // 2]}.{path.strip()[: _KEY_MAX // 3]}"
    yield full
    number = 2
    while True:
        yield f"{full} {number}"
        number += 1


def _compared(name: str) -> str:
    return folded(name) or name
