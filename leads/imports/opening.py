"""The stored file opened as it was looked over, by whoever reads it: the import, its dry run, the list of problems."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from leads.imports.checking import Chunk, Keeping, checked_chunks
from leads.imports.layouts import Layout
from leads.imports.matching import Columns
from leads.imports.people import People
from leads.imports.reading import Row, Table
from leads.imports.spreading import Inner
from leads.models import ImportSource, LeadImport


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a file is read, decided once and kept with its import."""

    file_name: str
    layout: Layout
    columns: Columns
    fixes: Mapping[int, Sequence[str]]
    has_header: bool
    rows: int

    @property
    def email_column(self) -> str:
        """The header of the column of addresses."""
        return self.columns.header[self.columns.position("email") or 0]

    def table(self, stream: BinaryIO) -> Generator[Row]:
        """The rows as they stand in the file; raises a `FileRefused` where it cannot be read on."""
        with closing(Table(stream, layout=self.layout, file_name=self.file_name)) as table:
            yield from table if self.has_header else _counted_from_one(table)

    def chunks(
        self, stream: BinaryIO, *, people: People, skip: int = 0, keeping: Keeping | None = None
    ) -> Iterator[Chunk]:
        """The rows behind the first `skip`, checked; raises as `table` does."""
        with closing(self.table(stream)) as rows:  # a reading that is left early too
            yield from checked_chunks(
                rows,
                columns=self.columns,
                people=people,
                fixes=self.fixes,
                skip=skip,
                expected=self.rows,
                keeping=keeping,
            )


def reading_of(lead_import: LeadImport) -> Reading:
    """How the file of an import is read."""
    options = lead_import.options
    return Reading(
        file_name=lead_import.file_name,
        layout=Layout.kept(lead_import.encoding, lead_import.delimiter, options),
        columns=columns_of(lead_import),
        fixes={int(number): cells for number, cells in options.get("fixes", {}).items()},
        has_header=lead_import.source != ImportSource.API,
        rows=lead_import.total_rows or 0,
    )


def columns_of(lead_import: LeadImport) -> Columns:
    """What becomes of the columns of an import, those inside others too."""
    options = lead_import.options
    inner = tuple(Inner(each["name"], each["position"], each["path"]) for each in options.get("inner", []))
    return Columns(
        (*options["header"], *(each.name for each in inner)),
        (*options["targets"], *(each["target"] for each in options.get("inner", []))),
        inner,
        options.get("words", {}),
    )


def _counted_from_one(rows: Iterable[Row]) -> Iterator[Row]:
    """Records of the API have names instead of a header line: the first of them is row 1."""
    for row in rows:
        yield Row(row.number - 1, row.cells)
