"""Functions that triggers ask."""

from collections.abc import Iterator

from campaigns_project.verification import statements
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.comparing.pairs import Pair, short
from campaigns_project.verification.finding import Finding, Severity


def compare(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Functions that are missing or do something else: every trigger that asks one heeds what it says."""
    if not expected["triggers"].keys() & live["triggers"].keys():
        return  # nothing asks them; that the triggers are missing is told by itself
    for name, entry in sorted(expected["functions"].items()):
        pair = Pair(name, entry, live["functions"].get(name, {}))
        if pair.is_missing:
            yield _wrong("function_missing", pair, "The function is missing: triggers that ask it fail.")
        elif pair.differs("function"):
            said = "The function does something else: it can keep every trigger from doing anything."
            yield _wrong("function_changed", pair, said)


def _wrong(kind: str, pair: Pair, said: str) -> Finding:
    return Finding(
        kind,
        Severity.ERROR,
        pair.name,
        said,
        expected=short(pair.expected["function"]),
        found=short(pair.found.get("function", "")),
        fix="Make it anew, then verify again: what the triggers refuse or write down may have happened meanwhile.",
        fix_sql=statements.create_function(pair.expected),
    )
