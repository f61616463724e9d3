"""Primary keys, unique keys, checks and foreign keys."""

from collections.abc import Iterator
from typing import Any

from campaigns_project.verification import statements
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.comparing.pairs import Pair, pairs, short
from campaigns_project.verification.finding import Finding, Severity

KINDS = {"p": "primary_key", "u": "unique", "c": "check", "f": "foreign_key", "x": "exclusion"}
WITHOUT = {
    "p": "Without its primary key rows can be there twice, and nothing can refer to them.",
    "u": "Without it the database lets duplicates in.",
    "c": "Without it the database lets rows in that contradict themselves.",
    "f": "Without it rows may refer to what is gone, and are left behind when it is deleted.",
    "x": "Without it the database lets rows in that exclude each other.",
}
RULES = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
REFUSING = {"a", "r"}  # these ON DELETE rules keep a row that is referred to from being deleted
ORDER = "puxcf"  # keys before what refers to them


def compare(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Constraints that are missing, nobody's, changed, not validated or switched off."""
    found = sorted(pairs("constraints", expected, live), key=_rank)
    renamed = _under_another_name(found)
    yield from (_named_otherwise(*pair) for pair in renamed)
    told = {pair.name for both in renamed for pair in both}
    for pair in found:
        if pair.name in told:
            continue
        if pair.is_missing:
            yield _missing(pair)
        elif pair.is_unexpected:
            yield _unexpected(pair)
        else:
            yield from _changed(pair)
    yield from _refusing_from_outside(expected, live)


def _rank(pair: Pair) -> tuple[int, str]:
    return ORDER.index((pair.expected or pair.found)["kind"]), pair.name


def _under_another_name(found: list[Pair]) -> list[tuple[Pair, Pair]]:
    """Foreign keys that are missing by name alone, each with the one in its place. Nothing asks for them by name."""
    others = {_but_its_name(pair.found): pair for pair in found if pair.is_unexpected and pair.found["kind"] == "f"}
    missing = {_but_its_name(pair.expected): pair for pair in found if pair.is_missing}
    return [(missing[each], others[each]) for each in missing if each in others]


def _but_its_name(entry: dict[str, Any]) -> frozenset[tuple[str, Any]]:
    return frozenset((attribute, value) for attribute, value in entry.items() if attribute != "name")


def _named_otherwise(missing: Pair, other: Pair) -> Finding:
    name = missing.expected["name"]
    return Finding(
        "foreign_key_name",
        Severity.WARNING,
        missing.name,
        "The foreign key has another name, and works as it should.",
        expected=name,
        found=other.found["name"],
        fix_sql=statements.rename_constraint(other.found, name),
    )


def _missing(pair: Pair) -> Finding:
    kind = pair.expected["kind"]
    orphans = " Rows that refer to what is gone keep it from being added: manage.py cleanup_orphans first."
    return Finding(
        f"{KINDS[kind]}_missing",
        Severity.ERROR,
        pair.name,
        f"The constraint is missing. {WITHOUT[kind]}",
        expected=short(pair.expected["definition"]),
        fix=f"Add it again.{orphans if kind == 'f' else ''}",
        fix_sql=statements.add_constraint(pair.expected),
    )


def _unexpected(pair: Pair) -> Finding:
    if pair.found["on_delete"] in REFUSING:
        return _refuses(pair.name, pair.found)
    return Finding(
        "constraint_unexpected",
        Severity.WARNING,
        pair.name,
        "No migration made this constraint; it may refuse what the code takes for good.",
        found=short(pair.found["definition"]),
        fix="Find out why it is there. If nobody knows, drop it.",
        fix_sql=f"-- {statements.drop_constraint(pair.found)}",
    )


def _changed(pair: Pair) -> Iterator[Finding]:
    if pair.differs("on_delete"):
        yield _of_definition("foreign_key_on_delete", pair, _rule_in_words(pair))
    elif pair.differs("definition", "kind"):
        yield _of_definition(f"{KINDS[pair.expected['kind']]}_changed", pair, "The constraint is not the same.")
    if pair.expected["validated"] and not pair.found["validated"]:
        yield Finding(
            "constraint_not_validated",
            Severity.ERROR,
            pair.name,
            "The constraint was never checked for the rows that are there: it holds for new ones only.",
            expected="validated",
            found="NOT VALID",
            fix="Validate it; it refuses and names a row where one breaks it.",
            fix_sql=statements.validate_constraint(pair.expected),
        )
    if pair.expected["index_valid"] and not pair.found["index_valid"]:
        yield Finding(
            "index_invalid",
            Severity.ERROR,
            pair.name,
            "The index that the constraint stands on is not valid: it is never read, and may let duplicates in.",
            expected="valid",
            found="invalid",
            fix="Build it again. It refuses and names a duplicate where there is one.",
            fix_sql=statements.rebuild_index(pair.expected),
        )
    if pair.expected["heeded"] and not pair.found["heeded"]:
        yield Finding(
            "foreign_key_disabled",
            Severity.ERROR,
            pair.name,
            "The triggers that make this foreign key work are switched off: it is there, and nothing heeds it.",
            fix="Switch them on (as the owner of the tables or a superuser), then look for orphans.",
            fix_sql=statements.heed_constraint(pair.expected),
        )


def _rule_in_words(pair: Pair) -> str:
    should, found = pair.expected["on_delete"], pair.found["on_delete"]
    if found in REFUSING:
        return f"Deleting a row of {pair.expected['references']} is refused while rows here refer to it."
    return f"Deleting a row of {pair.expected['references']} does {RULES[found]} here, and should do {RULES[should]}."


def _of_definition(kind: str, pair: Pair, said: str) -> Finding:
    return Finding(
        kind,
        Severity.ERROR,
        pair.name,
        said,
        expected=short(pair.expected["definition"]),
        found=short(pair.found["definition"]),
        fix="Make it anew.",
        fix_sql=f"{statements.drop_constraint(pair.found)}\n{statements.add_constraint(pair.expected)}",
    )


def _refusing_from_outside(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Foreign keys of tables that are nobody's, here or in another schema, onto ours."""
    for name, entry in live["constraints"].items():
        is_ours = entry["table"] in expected["tables"]
        if not is_ours and entry["references"] in expected["tables"] and entry["on_delete"] in REFUSING:
            yield _refuses(name, entry)
    for name, entry in live["outsiders"].items():
        if entry["references"] in expected["tables"] and entry["on_delete"] in REFUSING:
            yield _refuses(name, entry)


def _refuses(name: str, entry: dict[str, str]) -> Finding:
    return Finding(
        "foreign_key_blocks",
        Severity.ERROR,
        name,
        f"No migration made this foreign key, and it refuses to let a row of {entry['references']} be deleted.",
        found=short(entry["definition"]),
        fix="Drop it, or give it ON DELETE CASCADE or SET NULL.",
        fix_sql=f"-- {statements.drop_constraint(entry)}",
    )
