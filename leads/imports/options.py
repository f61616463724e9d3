"""What the caller wants of an import, checked before the file is opened."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from leads.imports import errors
from leads.imports.fields import TARGETS
from leads.imports.matching import UNKNOWN_COLUMNS
from leads.imports.opt_outs import IN, OUT

ON_EXISTING = ("fill", "overwrite", "skip")
TAG_MAX = 60  # as the database has it
LEGAL_BASIS_MAX = 2_000
HEADER_ROW_MAX = 1_000
MOST_WORDS = 1_000  # that somebody decides about
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How to read a file, and what to do with what is in it.

    `encoding` and `delimiter` are detected where empty, and so is the row of the header where it is None. `sheet` is
    one of a workbook; empty stands for the first with addresses that is not hidden. `mapping` is header to field,
    `do_not_contact`, `custom.NAME` or `ignore`. `unknown_columns`: refuse the file, keep them as `custom` fields, or
    `ignore` them. `on_existing`, for a lead that is there already: `fill` what is empty, `overwrite` with what the file
    has (an empty cell erases nothing), or `skip`.
    `tags` are put on every lead of the file (with `skip`, on the new ones), and created where they do not exist.
    `enroll_into` is the key of a draft campaign that gets the people of the import when it is through. `legal_basis` is
    kept with the import: why these people may be written to. `words` decide what the words of the columns that become
    `do_not_contact` say, `out` or `in`, over what is known of them; `*` stands for every word that nobody knows.
    Raises `bad_option` and `bad_tag`.
    """

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    unknown_columns: str = "refuse"
    on_existing: str = "fill"
    tags: tuple[str, ...] = ()
    enroll_into: int | None = None
    legal_basis: str = ""
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.unknown_columns not in UNKNOWN_COLUMNS:
            raise errors.bad_option("unknown columns", self.unknown_columns, UNKNOWN_COLUMNS)
        if self.on_existing not in ON_EXISTING:
            raise errors.bad_option("existing leads", self.on_existing, ON_EXISTING)
        if len(self.legal_basis) > LEGAL_BASIS_MAX:
            raise errors.bad_option("legal basis", self.legal_basis, [f"at most {LEGAL_BASIS_MAX:,} characters"])
        if self.header_row is not None and not 1 <= self.header_row <= HEADER_ROW_MAX:
            raise errors.bad_option("header row", str(self.header_row), (f"1 to {HEADER_ROW_MAX:,}",))
        for said in self.words.values():
            if said not in (OUT, IN):
                raise errors.bad_option("a word", said, (OUT, IN))
        if len(self.words) > MOST_WORDS:
            raise errors.bad_option("words", f"{len(self.words):,} of them", (f"at most {MOST_WORDS:,}",))
        for tag in self.tags:
            if not tag.strip() or len(tag) > TAG_MAX or _CONTROL.search(tag):
                raise errors.bad_tag(tag, limit=TAG_MAX)


def read_mapping(pairs: list[str]) -> dict[str, str]:
    """`HEADER=field` pairs as a mapping; the last = counts, as headers may hold one. Raises `bad_mapping`."""
    mapping = {}
    for pair in pairs:
        header, separator, target = pair.rpartition("=")
        if not separator or not header.strip() or not target.strip():
            raise errors.bad_mapping(pair, known=TARGETS)
        mapping[header.strip()] = target.strip()
    return mapping


def read_words(pairs: list[str]) -> dict[str, str]:
    """`WORD=out` and `WORD=in` as decided words; the last = counts. Raises `bad_word`."""
    words = {}
    for pair in pairs:
        word, separator, said = (part.strip() for part in pair.rpartition("="))
        if not separator or not word or said not in (OUT, IN):
            raise errors.bad_word(pair)
        words[word] = said
    return words
