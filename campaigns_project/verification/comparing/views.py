"""Views."""

from collections.abc import Iterator

from campaigns_project.verification import statements
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.comparing.pairs import Pair, short
from campaigns_project.verification.finding import Finding, Severity


def compare(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Views that are missing, nobody's, or show something else."""
    for name in sorted(expected["views"].keys() | live["views"].keys()):
        pair = Pair(name, expected["views"].get(name, {}), live["views"].get(name, {}))
        if pair.is_unexpected:
            yield _unexpected(pair)
        elif pair.is_missing:
            yield _wrong("view_missing", pair, "The view is missing.")
        elif pair.differs("definition", "materialized"):
            yield _wrong("view_changed", pair, "The view shows something else.")


def _unexpected(pair: Pair) -> Finding:
    return Finding(
        "view_unexpected",
        Severity.WARNING,
        pair.name,
        "No migration made this view; one that reads our tables may keep a later migration from changing them.",
        found=short(pair.found["definition"]),
        fix="Keep it if somebody reads it, and drop it before an upgrade that fails because of it.",
    )


def _wrong(kind: str, pair: Pair, said: str) -> Finding:
    drop = [] if pair.is_missing else [statements.drop_view(pair.name, pair.found)]
    return Finding(
        kind,
        Severity.ERROR,
        pair.name,
        said,
        expected=short(pair.expected["definition"]),
        found=short(pair.found.get("definition", "")),
        fix="Make it anew.",
        fix_sql="\n".join([*drop, statements.create_view(pair.name, pair.expected)]),
    )
