"""Rows checked in chunks: those that may become leads, and those that may not, each with its reason."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import compress
from typing import Any, NamedTuple

from leads.cleaning import storable
from leads.imports.duplicates import SeenAddresses
from leads.imports.fields import CUSTOM_PREFIX, DO_NOT_CONTACT, LEAD_FIELDS
from leads.imports.lines import FALSE, NOTHING, TRUE, line, texts
from leads.imports.marks import marks
from leads.imports.matching import Columns
from leads.imports.opt_out_reasons import OptedOut
from leads.imports.people import People
from leads.imports.reading import Row
from leads.imports.rules import Problem
from leads.imports.rules import email as read_email
from leads.imports.validating import CleanRow, RowValidator
from leads.models import Verification

CHUNK_ROWS = 4_000  # larger ones are hardly faster, keep locks longer and take more memory
CHUNK_CHARACTERS = 8_000_000  # a file of huge free texts comes in smaller chunks, so that memory stays bounded
_UNKNOWN = Verification.UNKNOWN.value


class GoodRow(NamedTuple):
    """A row that may become a lead, ready to be written: its lines are made in the thread that reads.

    `came` is the line of number and cells as they came, empty where they are not to be kept or came otherwise; `lead`
    that of its values in the order of AS_LEAD, `staged` that of what is noted beside, in the order of AS_STAGED.
    """

    number: int
    email: str
    email_normalized: str
    came: bytes
    lead: bytes
    staged: bytes

    @property
    def key(self) -> bytes:
        """That of the row as received, where it is kept."""
        return self.staged.partition(b"\t")[0]

    @property
    def cells(self) -> list[str]:
        """As they came, where they are to be kept."""
        cells: list[str] = json.loads(texts(self.came)[-1]) if self.came else []
        return cells

    @property
    def fields(self) -> dict[str, Any]:
        """What was understood: names of fields and `custom.NAME` to values."""
        values: dict[str, Any] = json.loads(texts(self.staged)[-1])
        return values

    def meaning(self, address: str) -> "GoodRow":
        """The row of the same person, whose lead goes by another address."""
        if address == self.email_normalized:
            return self
        key, _, noted = self.staged.split(b"\t", 2)
        _, _, values = self.lead.partition(b"\t")
        written = line([address])
        return self._replace(
            email_normalized=address,
            lead=b"%b\t%b" % (written, values),
            staged=b"%b\t%b\t%b" % (key, written, noted),
        )


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that becomes no lead: its number, its cells as they stand in the file, and why.

    Of an erased person there are no cells: nothing that came of them is kept. `key` is that of the row as received.
    """

    number: int
    cells: list[str]
    problem: Problem
    key: bytes = NOTHING


@dataclass(frozen=True, slots=True)
class Keeping:
    """The rows are to be kept as they came: with which import, and by which keys."""

    lead_import_id: int
    keys: Iterator[bytes]


@dataclass(slots=True)
class Chunk:
    """Up to CHUNK_ROWS rows, each in one of the two lists; no person is in `rows` twice, or in an earlier chunk.

    `opted_out` has one for each row, of either list, that says not to write to its person.
    """

    rows: list[GoodRow] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    opted_out: list[OptedOut] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) + len(self.problems)


def checked_chunks(
    rows: Iterable[Row],
    *,
    columns: Columns,
    people: People,
    fixes: Mapping[int, Sequence[str]] | None = None,
    skip: int = 0,
    expected: int = 0,
    keeping: Keeping | None = None,
) -> Iterator[Chunk]:
    """Check every row and hand the results out in chunks.

    `fixes` has the cells that somebody corrected, by row number. The first `skip` rows are checked for the addresses
    they bring, and not handed out: an earlier run has done them. `expected` is how many rows there are, where known.
    With `keeping` the rows are made ready to be kept as they came, too.
    """
    checker = _Checker(columns, people, fixes or {}, SeenAddresses(expected))
    chunk, characters = Chunk(), 0
    for position, row in enumerate(rows):
        result = checker.check(row)
        if position < skip:
            continue
        if checker.has_opt_outs and (found := checker.opted_out(row)):
            chunk.opted_out.append(found)
        key = next(keeping.keys) if keeping else NOTHING
        came, is_plain = b"", False
        if isinstance(result, RowProblem):
            chunk.problems.append(replace(result, key=key))
        else:
            if keeping:
                cells, is_plain = _cells_as_json(row.cells)
                came = _line_as_it_came(keeping.lead_import_id, key, row.number, cells, is_plain=is_plain)
                is_plain = is_plain and row.number not in checker.fixes
            chunk.rows.append(ready(result, key=key, came=came, is_plain=is_plain))
        characters += len(came) or sum(map(len, row.cells))
        if characters > CHUNK_CHARACTERS or len(chunk.rows) + len(chunk.problems) == CHUNK_ROWS:
            yield chunk
            chunk, characters = Chunk(), 0
    if chunk:
        yield chunk


def rechecked(chunk: Chunk, *, people: People, email_column: str) -> Chunk:
    """The chunk after people were merged or erased since its rows were checked."""
    again = Chunk(problems=list(chunk.problems), opted_out=list(chunk.opted_out))
    first_rows: dict[str, int] = {}
    for row in chunk.rows:
        own = read_email(row.email, email_column)[1]
        if people.is_erased(own):
            again.problems.append(RowProblem(row.number, [], erased(email_column), row.key))
            continue
        address = people.canonical(own)
        first = first_rows.setdefault(address, row.number)
        if first == row.number:
            again.rows.append(row.meaning(address))
        else:
            problem = duplicate(email_column, row.email, first)
            again.problems.append(RowProblem(row.number, row.cells, problem, row.key))
    return again


class _Checker:
    """Each row by itself, then against the people of the rows that were accepted before."""

    def __init__(self, columns: Columns, people: People, fixes: Mapping[int, Sequence[str]], seen: SeenAddresses):
        self._validator = RowValidator(columns)
        self.has_opt_outs = bool(columns.positions(DO_NOT_CONTACT))
        self._people = people
        self.fixes = fixes
        self._seen = seen
        self._email_column = columns.header[columns.position("email") or 0]

    def check(self, row: Row) -> CleanRow | RowProblem:
        if self.fixes:
            row = self._corrected(row)
        result = self._validator.check(row)
        if isinstance(result, Problem):
            return RowProblem(row.number, row.cells, result)
        if self._people.is_erased(result.email_normalized):
            return RowProblem(row.number, [], erased(self._email_column))
        lead_address = self._people.canonical(result.email_normalized)
        first = self._seen.first_row(lead_address, row.number)
        if first is not None:
            return RowProblem(row.number, row.cells, duplicate(self._email_column, result.values[0], first))
        return result if lead_address == result.email_normalized else result._replace(email_normalized=lead_address)

    def opted_out(self, row: Row) -> OptedOut | None:
        """Whom a row says not to write to, None otherwise; of an erased person we know already."""
        found = self._validator.opted_out(self._corrected(row))
        return None if found and self._people.is_erased(found.address) else found

    def _corrected(self, row: Row) -> Row:
        return Row(row.number, list(self.fixes[row.number])) if row.number in self.fixes else row


def erased(column: str) -> Problem:
    """The address belongs to a person who was erased; nothing that would name them is in the sentence."""
    return Problem("erased_person", column, "This person asked to be forgotten and cannot be imported.")


def duplicate(column: str, address: str, first: int) -> Problem:
    """The person was in an earlier row, by this address or by that of a lead merged into theirs."""
    return Problem("duplicate_in_file", column, f"{address} is in row {first:,} already; that row counts.")


# What the lines hold. The one field that is a number stands last in LEAD_FIELDS, and in a line, where it may be NULL.
AS_LEAD = (
    *("email_normalized", *LEAD_FIELDS[:-1], "custom", "verification", "is_catch_all", "is_role", "is_disposable"),
    LEAD_FIELDS[-1],
)
AS_STAGED = ("raw_lead_id", "email_normalized", "row_number", "fields")


def ready(
    clean: CleanRow,
    *,
    key: bytes = NOTHING,
    came: bytes = b"",
    verification: str = _UNKNOWN,
    is_catch_all: bool = False,
    is_plain: bool = False,
) -> GoodRow:
    """A clean row as it is written; what the database keeps as JSON is made here, beside its own work.

    `is_plain` says that its cells hold nothing that JSON or COPY write in another way; so most rows are made by far
    less work.
    """
    if is_plain:
        return _plain_row(clean, key, came)
    further: dict[str, str | bool] = {}
    if verification != _UNKNOWN:
        further["verification"] = verification
    if is_catch_all:
        further["is_catch_all"] = True
    is_role, is_disposable = marks(clean.email_normalized)
    *fields, number = clean.values
    lead = line(
        (
            clean.email_normalized,
            *fields,
            _object_as_json(clean.custom),
            verification,
            TRUE if is_catch_all else FALSE,
            TRUE if is_role else FALSE,
            TRUE if is_disposable else FALSE,
            number,
        )
    )
    staged = line((clean.email_normalized, str(clean.number), _fields_as_json(clean, further)))
    return GoodRow(
        clean.number,
        clean.values[0],
        clean.email_normalized,
        came,
        lead=lead if number else lead + NOTHING,
        staged=b"%b\t%b" % (key, staged),
    )


def _plain_row(clean: CleanRow, key: bytes, came: bytes) -> GoodRow:
    """What `ready` makes of a row of a file whose cells need no escape, nor then do the values of them."""
    number, address, values, custom = clean
    *fields, size = values
    is_role, is_disposable = marks(address)
    free = tuple(custom.values())
    of_all, of_free = _templates(tuple(compress(LEAD_FIELDS, values)), tuple(custom))
    end = f"{of_free % free}\t{_UNKNOWN}\t{FALSE}\t{TRUE if is_role else FALSE}\t{TRUE if is_disposable else FALSE}"
    lead = "\t".join((address, *fields, end, size)).encode()
    staged = f"\t{address}\t{number}\t{of_all % (*compress(values, values), *free)}".encode()
    return GoodRow(number, values[0], address, came, lead if size else lead + NOTHING, key + staged)


@lru_cache(maxsize=1_024)
def _templates(names: tuple[str, ...], free: tuple[str, ...]) -> tuple[str, str]:
    """JSON of fields and free fields, and of free fields alone, with room for the values: few sets are filled."""
    pairs = [f'"{name}":"%s"' for name in names] + [f'"{CUSTOM_PREFIX}{name}":"%s"' for name in free]
    alone = [f'"{name}":"%s"' for name in free]
    return f"{{{','.join(pairs)}}}", f"{{{','.join(alone)}}}"


def _fields_as_json(clean: CleanRow, further: Mapping[str, str | bool]) -> str:
    """The values of a row by the names of what they fill; what is empty is left out."""
    pairs = [f'{name}{value}"' for name, value in zip(_NAMES, clean.values, strict=True) if value]
    if clean.custom:
        pairs += [f'"{CUSTOM_PREFIX}{key}":"{value}"' for key, value in clean.custom.items()]
    text = f"{{{','.join(pairs)}}}"
    if not further and _needs_no_escape(text, quotes=4 * len(pairs)):
        return text
    values = {name: value for name, value in zip(LEAD_FIELDS, clean.values, strict=True) if value}
    values.update((f"{CUSTOM_PREFIX}{key}", value) for key, value in clean.custom.items())
    return _as_json({**values, **further}) if further else _quoted_pairs(values)


def _object_as_json(texts: Mapping[str, str]) -> str:
    """Names and texts as the database keeps them; several times as quick as json where nothing needs an escape."""
    text = "{" + ",".join([f'"{name}":"{value}"' for name, value in texts.items()]) + "}"
    return text if _needs_no_escape(text, quotes=4 * len(texts)) else _quoted_pairs(texts)


def _quoted_pairs(texts: Mapping[str, str]) -> str:
    return "{" + ",".join([f"{_quoted(name)}:{_quoted(value)}" for name, value in texts.items()]) + "}"


def row_as_it_came(lead_import_id: int, key: bytes, number: int, cells: Sequence[str]) -> bytes:
    """The line of a row's key, import, number and cells."""
    text, is_plain = _cells_as_json(cells)
    return _line_as_it_came(lead_import_id, key, number, text, is_plain=is_plain)


def _line_as_it_came(lead_import_id: int, key: bytes, number: int, cells: str, *, is_plain: bool) -> bytes:
    return b"%b\t%d\t%d\t%b" % (key, lead_import_id, number, cells.encode() if is_plain else line([cells]))


def _cells_as_json(cells: Sequence[str]) -> tuple[str, bool]:
    """The cells, and whether they hold nothing that needs an escape."""
    text = f'["{_BETWEEN.join(cells)}"]'
    if _needs_no_escape(text, quotes=2 * len(cells)):
        return text, True
    return f"[{','.join([_quoted(storable(cell)) for cell in cells])}]", False


def _needs_no_escape(text: str, *, quotes: int) -> bool:
    """Whether texts that were only put between quotation marks are JSON: no other marks among them, no backslash."""
    return text.count('"') == quotes and "\\" not in text and text.isprintable()


_NAMES = tuple(f'"{name}":"' for name in LEAD_FIELDS)
_BETWEEN = '","'
_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_quoted = json.encoder.encode_basestring  # what an encoder makes of one text, without making an encoder for it
