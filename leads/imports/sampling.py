"""A few rows of a draft's stored file, without fetching the rest of it, and what they say of its columns."""

import io
from collections.abc import Buffer, Collection, Iterator
from itertools import islice, takewhile

from leads.imports.inspecting import SAMPLE_ROWS, samples_by_column
from leads.imports.opening import columns_of, reading_of
from leads.imports.reading import Row, Table
from leads.imports.remembering import remembered
from leads.imports.storing import fetch_parts
from leads.imports.suggesting import Suggestion, suggest
from leads.models import ImportMapping, LeadImport, LeadImportPart


def first_rows(lead_import: LeadImport, count: int) -> list[Row]:
    """Up to `count` rows of a draft's file, each with a cell for every column; none when the file is kept no longer."""
    width = len(lead_import.options["header"])
    return [Row(row.number, row.cells[:width]) for row in islice(_rows(lead_import), count)]


def rows_numbered(lead_import: LeadImport, numbers: Collection[int]) -> dict[int, list[str]]:
    """The cells of these rows of a draft as they are taken now: corrected, where somebody has corrected them.

    One for every column, and behind them those that are too many.
    Reads the file as far as the last of them.
    """
    wanted, last = set(numbers), max(numbers, default=0)
    rows = takewhile(lambda row: row.number <= last, _rows(lead_import))
    found = {row.number: row.cells for row in rows if row.number in wanted}
    fixes = reading_of(lead_import).fixes
    return {number: list(fixes.get(number, cells)) for number, cells in found.items()}


def suggestions(lead_import: LeadImport) -> tuple[list[Suggestion], ImportMapping | None]:
    """What the columns of a draft may become, and the earlier decision for such a header that this rests on."""
    header = lead_import.options["header"]
    before = remembered(organization=lead_import.organization, header=header)
    inner = columns_of(lead_import).inner
    cells = samples_by_column(first_rows(lead_import, SAMPLE_ROWS), len(header), inner)
    marks = lead_import.options.get("words_found", {})
    return suggest(header, cells, before.mapping if before else None, inner=inner, marks=marks), before


def _rows(lead_import: LeadImport) -> Iterator[Row]:
    if not lead_import.parts.exists():
        return
    layout, width = reading_of(lead_import).layout, len(lead_import.options["header"])
    # A workbook is read as a whole or not at all; of a text the first piece mostly is enough.
    stream = fetch_parts(lead_import.pk) if layout.is_workbook else io.BufferedReader(_Parts(lead_import.pk))
    with stream:
        table = Table(stream, layout=layout, file_name=lead_import.file_name)
        try:
            for row in table:
                yield Row(row.number, [*row.cells, *[""] * (width - len(row.cells))])
        finally:
            table.close()


class _Parts(io.RawIOBase):
    """The stored pieces as one stream, each fetched when it is read."""

    def __init__(self, lead_import_id: int):
        self._parts = LeadImportPart.objects.filter(lead_import_id=lead_import_id).values_list("content", flat=True)
        self._number, self._rest = 0, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        if not self._rest:
            self._rest = bytes(self._parts.filter(number=self._number).first() or b"")
            self._number += 1
        view = memoryview(buffer)
        taken = self._rest[: len(view)]
        view[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)
