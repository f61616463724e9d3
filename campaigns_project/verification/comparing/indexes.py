"""Indexes that are no constraint's."""

from collections.abc import Iterator

from campaigns_project.verification import statements
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.comparing.pairs import Pair, pairs, short
from campaigns_project.verification.finding import Finding, Severity


def compare(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Indexes that are missing, nobody's, not as declared, or were never finished."""
    for pair in pairs("indexes", expected, live):
        if pair.is_missing:
            yield _missing(pair)
        elif pair.is_unexpected:
            yield from _unexpected(pair)
        elif pair.differs("definition", "unique"):
            yield _changed(pair)
        elif not pair.found["valid"]:
            yield _invalid(pair)


def _missing(pair: Pair) -> Finding:
    duplicates = pair.expected["unique"]
    return Finding(
        "index_missing",
        Severity.ERROR,
        pair.name,
        "The index is missing: the database lets duplicates in."
        if duplicates
        else "The index is missing: what it was for reads the whole table.",
        expected=_in_words(pair.expected),
        fix="Make it. CONCURRENTLY lets others write meanwhile, and must not stand in a transaction.",
        fix_sql=statements.create_index(pair.expected),
    )


def _unexpected(pair: Pair) -> Iterator[Finding]:
    refuses = pair.found["unique"]
    yield Finding(
        "index_unexpected",
        Severity.WARNING,
        pair.name,
        "No migration made this unique index; it may refuse what the code takes for good."
        if refuses
        else "No migration made this index; it costs a little with every write.",
        found=_in_words(pair.found),
        fix="Keep it if it helps; else drop it.",
        fix_sql=f"-- {statements.drop_index(pair.found)}",
    )


def _changed(pair: Pair) -> Finding:
    return Finding(
        "index_changed",
        Severity.ERROR,
        pair.name,
        "The index is not the same: what it was for may be slow, or let duplicates in.",
        expected=_in_words(pair.expected),
        found=_in_words(pair.found),
        fix="Make it anew.",
        fix_sql=f"{statements.drop_index(pair.found)}\n{statements.create_index(pair.expected)}",
    )


def _invalid(pair: Pair) -> Finding:
    return Finding(
        "index_invalid",
        Severity.ERROR,
        pair.name,
        "Building the index was broken off: it is written to and never read, and guards nothing.",
        expected="valid",
        found="invalid",
        fix="Build it again. A unique one refuses and names a duplicate where there is one.",
        fix_sql=statements.rebuild_index(pair.expected),
    )


def _in_words(index: dict[str, str]) -> str:
    return f"{'UNIQUE ' if index['unique'] else ''}{short(index['definition'])}"
