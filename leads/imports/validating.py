"""One row to the values of a lead, or to the one reason why not. Pure: no database, no network, no clock.

Every rule says no to a row, never to the file: a list with three bad rows gives all its other leads.
"""

from typing import NamedTuple

from leads.cleaning import clean_line, clean_lines, clean_plain
from leads.imports import firms, rules
from leads.imports.errors import shortened
from leads.imports.fields import (
    BY_NAME,
    CUSTOM_VALUE_MAX,
    DO_NOT_CONTACT,
    FULL_NAME,
    FULL_NAME_MAX,
    LEAD_FIELDS,
    is_custom,
)
from leads.imports.matching import CODE, Columns
from leads.imports.names import split_full_name
from leads.imports.opt_out_reasons import OptedOut, why
from leads.imports.opt_outs import require_known
from leads.imports.reading import Row
from leads.imports.rules import Problem, RowError
from leads.imports.spreading import NoObject, spread

_EMAIL, _FIRST_NAME, _LAST_NAME = (LEAD_FIELDS.index(name) for name in ("email", "first_name", "last_name"))
_LINKS = [LEAD_FIELDS.index(name) for name in ("website", "linkedin_url")]
_RULES = {  # of the fields that are more than a text; each answers the value to be kept
    LEAD_FIELDS.index(name): rule
    for name, rule in {
        "phone": rules.phone,
        "timezone": rules.zone,
        "seniority": firms.seniority,
        "company_domain": firms.company_domain,
        "company_size": firms.company_size,
    }.items()
}
_UNSORTED = (
    "too_few_columns",
    "too_many_columns",
)  # of a list of problems: filled up or cut, and so of the right width


class CleanRow(NamedTuple):
    """The values of one lead, in the order of LEAD_FIELDS, with the normal form of the address and the free fields.

    All are texts, empty where there is nothing; that of `company_size` is a whole number.
    """

    number: int
    email_normalized: str
    values: tuple[str, ...]
    custom: dict[str, str]


class RowValidator:
    """Judges the rows of one file by its columns."""

    def __init__(self, columns: Columns):
        self._header = columns.header
        self._width = columns.width
        self._inner = columns.inner
        self._email = columns.position("email") or 0
        self._full_name = columns.position(FULL_NAME)
        self._code = columns.header.index(CODE) if CODE in columns.header else None
        self._custom = columns.custom
        self._opt_outs = [(position, columns.judge(position)) for position in columns.positions(DO_NOT_CONTACT)]
        # (position in the values, position in the row, longest text)
        self._fields = [
            (index, position, BY_NAME[name].max_length)
            for index, name in enumerate(LEAD_FIELDS)
            if name != "email" and (position := columns.position(name)) is not None
        ]
        self._ruled = [(i, position, _RULES[i]) for i, position, _ in self._fields if i in _RULES]
        self._links = [(i, position, limit) for i, position, limit in self._fields if i in _LINKS]
        # What is left out may hold anything; the rest is cleaned, free fields with their line breaks.
        self._cleaners = [
            (position, clean_lines if is_custom(target) else clean_line)
            for position, target in enumerate(columns.targets)
            if target
        ]

    def check(self, row: Row) -> CleanRow | Problem:
        """The values of the row, or what is wrong with it."""
        try:
            cells = self._fitted(row.cells)
            if self._code is not None:
                _refuse_unsorted(cells[self._code].strip())
            texts = self._cleaned(cells)
            email, normalized = rules.email(texts[self._email], self._header[self._email])
            for position, judge in self._opt_outs:
                require_known(judge, texts[position], self._header[position])
            return CleanRow(row.number, normalized, self._values(texts, email), self._free_values(texts))
        except RowError as error:
            return error.problem

    def opted_out(self, row: Row) -> OptedOut | None:
        """Somebody whom the row says not to write to, and why as far as it says; None where it does not.

        It counts whatever else is wrong with the row: nothing is asked of it but that each cell is in its column and
        the address can be read.
        """
        try:
            cells = self._fitted(row.cells)
            marked = [position for position, judge in self._opt_outs if judge(cells[position])]
            if not marked:
                return None
            if self._code is not None:
                _refuse_unsorted(cells[self._code].strip())
            column = self._header[self._email]
            address = rules.email(rules.readable(clean_line(cells[self._email]), column), column)[1]
            return OptedOut(address, why((cells[position], self._header[position]) for position in marked))
        except RowError:
            return None

    def _fitted(self, cells: list[str]) -> list[str]:
        """One cell for every column, those inside others too."""
        fitted = self._of_file(cells)
        return self._spread(fitted) if self._inner else fitted

    def _spread(self, cells: list[str]) -> list[str]:
        try:
            return [*cells, *spread(cells, self._inner)]
        except NoObject as found:
            column = self._header[found.position]
            message = f"“{shortened(found.cell)}” is no JSON object, as the other cells of the column are."
            raise RowError("invalid_json", column, message) from None

    def _of_file(self, cells: list[str]) -> list[str]:
        width = self._width
        if len(cells) == width:
            return cells
        if len(cells) < width:
            message = f"The row has {len(cells)} of {width} columns, so it is not certain which cell belongs to which."
            raise RowError("too_few_columns", "", message)
        if any(cells[width:]):
            message = f"The row has {len(cells)} columns, the header {width}: quote cells that contain the delimiter."
            raise RowError("too_many_columns", "", message)
        return cells[:width]

    def _cleaned(self, cells: list[str]) -> list[str]:
        texts = clean_plain(cells)
        if texts is not None:
            return texts
        texts = list(cells)
        for position, clean in self._cleaners:
            texts[position] = rules.readable(clean(cells[position]), self._header[position])
        return texts

    def _values(self, texts: list[str], email: str) -> tuple[str, ...]:
        values = [""] * len(LEAD_FIELDS)
        values[_EMAIL] = email
        for index, position, limit in self._fields:
            text = texts[position]
            if len(text) > limit:
                rules.within(text, self._header[position], BY_NAME[LEAD_FIELDS[index]].label, limit)
            values[index] = text
        for index, position, limit in self._links:
            values[index] = rules.link(values[index], self._header[position], limit)
        for index, position, rule in self._ruled:
            if values[index]:
                values[index] = rule(values[index], self._header[position])
        if self._full_name is not None:
            self._fill_names(values, texts[self._full_name], self._header[self._full_name])
        return tuple(values)

    def _fill_names(self, values: list[str], full_name: str, column: str) -> None:
        """The full name fills what its own columns left empty."""
        parts = split_full_name(rules.within(full_name, column, "full name", FULL_NAME_MAX))
        for index, part in zip((_FIRST_NAME, _LAST_NAME), parts, strict=True):
            field = BY_NAME[LEAD_FIELDS[index]]
            values[index] = values[index] or rules.within(part, column, field.label, field.max_length)

    def _free_values(self, texts: list[str]) -> dict[str, str]:
        return {
            key: rules.within(texts[position], self._header[position], f"text of {key}", CUSTOM_VALUE_MAX)
            for key, position in self._custom
            if texts[position]
        }


def _refuse_unsorted(code: str) -> None:
    """A row out of a list of problems whose cells are in columns by chance, until somebody says that they are right."""
    if code in _UNSORTED:
        message = f"Its cells may stand in the wrong columns: put them right, then empty {CODE} in this row."
        raise RowError(code, CODE, message)
