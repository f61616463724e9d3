"""The page itself, as Markdown."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from campaigns_project.runtime.reason_codes.refusals import PROJECT, VALUE, refusals, row_problems
from campaigns_project.runtime.reason_codes.subjects import SUBJECTS, Subject, meaning

FILE = PROJECT / "docs" / "reason-codes.md"
HEAD = """# Reason codes

Every code that says why: the same in admin, API, commands and database. A code never changes its meaning; its sentence
may get better. `…` stands for what a sentence fills in.

This page is written from the code. After a change there: `python -m campaigns_project.runtime.reason_codes`.
"""
ROWS = (
    "Why a row of a file became no lead",
    "`code` of an import problem. The other rows are imported; the errors file has these, to correct and import again.",
)
ACTS = (
    "Why an act was refused",
    "`code` of an API problem with its HTTP status, and the first word of a command's error. Nothing was changed. "
    "Codes of the API's own (`unknown_parameter` and its like) are in [api.md](api.md).",
)


def page() -> str:
    """The whole page."""
    sections = [*map(_subject, SUBJECTS), _rows(), _acts()]
    return "\n".join([HEAD, *sections])


def _subject(subject: Subject) -> str:
    rows = [(f"`{code.value}`", meaning(code)) for code in subject.codes]
    return _section(subject.title, subject.where, ("code", "meaning"), rows)


def _rows() -> str:
    rows = [(f"`{each.code}`", _said(each.sentence)) for each in row_problems()]
    return _section(*ROWS, ("code", "sentence"), rows)


def _acts() -> str:
    rows = [(f"`{each.code}`", str(each.status), _said(each.sentence)) for each in refusals()]
    return _section(*ACTS, ("code", "status", "sentence"), rows)


def _said(sentence: str) -> str:
    return "(its sentence says what)" if sentence == VALUE else sentence


def _section(title: str, where: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    paragraph = textwrap.fill(where, width=120, break_long_words=False, break_on_hyphens=False)
    return "\n".join([f"## {title}", "", paragraph, "", *_table(columns, rows), ""])


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (columns, ["---"] * len(columns), *rows):
        yield "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
