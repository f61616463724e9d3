"""Columns, and the sequences that number their rows."""

from collections.abc import Iterator

from campaigns_project.verification import statements
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.comparing.pairs import Pair, pairs
from campaigns_project.verification.finding import Finding, Severity

NUMBERING = {"": "not an identity", "a": "identity, always", "d": "identity, by default"}


def compare(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Columns that are missing, nobody's, or of another type, nullability, default or numbering."""
    for pair in pairs("columns", expected, live):
        if pair.is_missing:
            yield _missing(pair)
        elif pair.is_unexpected:
            yield _unexpected(pair)
        else:
            yield from _changed(pair)


def _missing(pair: Pair) -> Finding:
    needs_value = pair.expected["not_null"] and not (pair.expected["default"] or pair.expected["identity"])
    more = " Rows that are there need a value: add it without NOT NULL, fill it, then set NOT NULL."
    return Finding(
        "column_missing",
        Severity.ERROR,
        pair.name,
        "The column is missing, and with it what it held.",
        expected=_in_words(pair.expected),
        fix="Add it again, and restore its values from a backup." + (more if needs_value else ""),
        fix_sql=(statements.add_column_to_be_filled if needs_value else statements.add_column)(pair.expected),
    )


def _unexpected(pair: Pair) -> Finding:
    blocks = pair.found["not_null"] and not (pair.found["default"] or pair.found["identity"])
    return Finding(
        "column_unexpected",
        Severity.ERROR if blocks else Severity.WARNING,
        pair.name,
        "No migration made this column, and every new row is refused, since nobody fills it."
        if blocks
        else "No migration made this column.",
        found=_in_words(pair.found),
        fix="Find out whose it is; then drop it, or allow NULL in it.",
    )


def _changed(pair: Pair) -> Iterator[Finding]:
    if pair.differs("type", "collation"):
        said = "The column is of another type: values may be cut, refused or compared in another way."
        yield _finding("column_type", pair, said, ("type", "collation"), statements.change_type(pair.expected))
    if pair.differs("not_null"):
        said = (
            "The column takes NULL and must not: the code reads a value from every row."
            if pair.expected["not_null"]
            else "The column refuses NULL and must not."
        )
        yield Finding(
            "column_null",
            Severity.ERROR,
            pair.name,
            said,
            expected="NOT NULL" if pair.expected["not_null"] else "NULL allowed",
            found="NOT NULL" if pair.found["not_null"] else "NULL allowed",
            fix_sql=statements.change_null(pair.expected),
        )
    elif pair.expected["not_null"] and not pair.found["checked"]:
        yield Finding(
            "constraint_not_validated",
            Severity.ERROR,
            pair.name,
            "That the column has no NULL was never checked for the rows that are there: it holds for new ones only.",
            expected="NOT NULL",
            found="NOT NULL NOT VALID",
            fix="Set it again, which checks every row; it refuses where one has NULL.",
            fix_sql=statements.change_null(pair.expected),
        )
    if pair.differs("identity"):
        yield Finding(
            "column_identity",
            Severity.ERROR,
            pair.name,
            "Rows are not numbered as they should be: new ones may be refused, or get a number that was in use.",
            expected=NUMBERING[pair.expected["identity"]],
            found=NUMBERING[pair.found["identity"]],
            fix_sql=statements.change_identity(pair.expected, pair.found),
        )
    elif pair.differs("default", "generated"):
        said = "The column has another default than the code counts on."
        yield _finding("column_default", pair, said, ("default",), statements.change_default(pair.expected))


def _finding(kind: str, pair: Pair, said: str, attributes: tuple[str, ...], fix_sql: str) -> Finding:
    expected, found = (
        " ".join(str(side[each]) for each in attributes if side[each]) for side in (pair.expected, pair.found)
    )
    return Finding(
        kind, Severity.ERROR, pair.name, said, expected=expected or "none", found=found or "none", fix_sql=fix_sql
    )


def _in_words(column: dict[str, object]) -> str:
    default = f" DEFAULT {column['default']}" if column["default"] else ""
    return f"{column['type']}{default}{' NOT NULL' if column['not_null'] else ''}"


def compare_sequences(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Sequences that count in another way. One that is missing is told by its column."""
    attributes = ("type", "increment", "minimum", "maximum", "cycles")
    for pair in pairs("sequences", expected, live):
        if pair.differs(*attributes):
            change = statements.change_sequence({**pair.expected, "name": pair.found["name"]})
            said = "The sequence counts in another way: it may end early, or give a number twice."
            yield _finding("sequence_changed", pair, said, attributes, change)
