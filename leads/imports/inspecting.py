"""The whole file looked over before anything is stored: what it is, what its columns become, how many rows it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched, chain, islice
from typing import BinaryIO

from leads.imports import errors
from leads.imports.fields import DO_NOT_CONTACT, is_custom
from leads.imports.layouts import Layout
from leads.imports.matching import PROBLEM_COLUMNS, Columns, compared, match_columns, named
from leads.imports.opt_outs import Words, out_for_sure
from leads.imports.options import ImportOptions
from leads.imports.reading import Row, Table, open_table
from leads.imports.spreading import Inner, Keys, NoObject, are_objects, spread

SAMPLE_ROWS = 50  # looked at for what a column holds
MAX_ROWS = 2_000_000  # an interrupted import checks the rows before its last chunk again: this many in half a minute


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of a file that can be imported; `rows` counts those that are not blank, without the header.

    `words` has, by column, the different texts of those that say who must not be written to, or may say it, and how
    many rows have each. `undecided` are those that may, and of which nobody has said what they are: with the words that
    would be passed over.
    """

    layout: Layout
    columns: Columns
    rows: int
    words: dict[str, dict[str, int]]
    undecided: dict[str, list[str]]


def inspect(stream: BinaryIO, *, file_name: str, options: ImportOptions, is_draft: bool = False) -> Inspection:
    """Read a seekable stream to its end and say how it will be imported; raises a `FileRefused` when it cannot be.

    Of a draft nobody may have said yet which column holds the address, nor what the marks of other systems are.
    """
    table = open_table(stream, file_name=file_name, options=options)
    try:
        samples = tuple(islice(table, SAMPLE_ROWS))
        objects = _columns_of_objects(table.header, samples)
        keys, words, rows = _look_through(table, samples, objects)
        inner = keys.columns(named(table.header))
        texts = [each.found for each in (*words, *map(keys.words_of, inner))]
        columns = match_columns(
            table.header,
            file_name=file_name,
            mapping=options.mapping,
            unknown_columns=options.unknown_columns,
            samples=samples_by_column(samples, len(table.header), inner),
            words=texts,
            inner=inner,
            decided_words=options.words,
            needs_email=not is_draft,
        )
    finally:
        table.close()
        stream.seek(0)
    if not rows:
        raise errors.header_only(file_name, columns.header)
    marks = _marks(columns, texts)
    undecided = _undecided(columns, marks, options)
    if undecided and not is_draft:
        raise errors.undecided_marks(file_name, columns=undecided)
    return Inspection(table.layout, columns, rows, marks, undecided)


def samples_by_column(rows: Sequence[Row], width: int, inner: Sequence[Inner]) -> list[list[str]]:
    """The cells that are not blank, of each column of a file of that width and then of those inside others."""
    columns: list[list[str]] = [[] for _ in range(width + len(inner))]
    for row in rows:
        for column, cell in zip(columns, _with_inner(row.cells, width, inner), strict=False):
            if cell.strip():
                column.append(cell)
    return columns


def _with_inner(cells: list[str], width: int, inner: Sequence[Inner]) -> list[str]:
    fitted = [*cells[:width], *[""] * (width - len(cells))]
    try:
        return [*fitted, *spread(fitted, inner)]
    except NoObject:  # its row will be a problem
        return fitted


def _columns_of_objects(header: Sequence[str], samples: Sequence[Row]) -> list[int]:
    columns = samples_by_column(samples, len(header), ())
    return [position for position, cells in enumerate(columns) if are_objects(cells)]


def _look_through(table: Table, samples: Sequence[Row], objects: Sequence[int]) -> tuple[Keys, list[Words], int]:
    """The keys of the columns of objects, the words of all columns, and the number of rows."""
    keys, words, rows = Keys(objects), [Words() for _ in table.header], 0
    for batch in batched(chain(samples, table), SAMPLE_ROWS, strict=False):
        rows += len(batch)
        if rows > MAX_ROWS:
            raise errors.too_many_rows(table.file_name, limit=MAX_ROWS)
        for position, of_column in enumerate(words):
            if of_column.are_few:
                of_column.look([row.cells[position] for row in batch if len(row.cells) > position])
        for row in batch if objects else ():
            keys.look(row.cells)
    return keys, words, rows


def _marks(columns: Columns, words: Sequence[dict[str, int]]) -> dict[str, dict[str, int]]:
    """The words of the columns that say who is out, and of those without a field that say it in words that are sure."""
    return {
        name: found
        for name, target, found in zip(columns.header, columns.targets, words, strict=True)
        if found and (target == DO_NOT_CONTACT or (_is_free(target) and out_for_sure(found)))
    }


def _is_free(target: str | None) -> bool:
    return target is None or is_custom(target)


def _undecided(columns: Columns, marks: dict[str, dict[str, int]], options: ImportOptions) -> dict[str, list[str]]:
    decided = set(map(compared, (*options.mapping, *PROBLEM_COLUMNS)))
    return {
        name: out_for_sure(words)
        for name, words in marks.items()
        if columns.matched[name] != DO_NOT_CONTACT and compared(name) not in decided
    }
