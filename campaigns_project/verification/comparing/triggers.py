"""Triggers with their functions, and rewrite rules."""

from collections.abc import Iterator

from campaigns_project.verification import statements
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.comparing.pairs import Pair, pairs, short
from campaigns_project.verification.finding import Finding, Severity


def compare(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Triggers that are missing, nobody's, switched off, or do something else."""
    for pair in pairs("triggers", expected, live):
        if pair.is_missing:
            yield _missing(pair)
        elif pair.is_unexpected:
            yield _unexpected(pair)
        else:
            yield from _changed(pair)


def _missing(pair: Pair) -> Finding:
    return Finding(
        "trigger_missing",
        Severity.ERROR,
        pair.name,
        "The trigger is missing: what it refuses or writes down happens unseen.",
        expected=short(pair.expected["definition"]),
        fix="Make it again.",
        fix_sql=statements.create_trigger(pair.expected),
    )


def _unexpected(pair: Pair) -> Finding:
    return Finding(
        "trigger_unexpected",
        Severity.WARNING,
        pair.name,
        "No migration made this trigger; it may change or refuse what is written.",
        found=short(pair.found["definition"]),
        fix="Find out why it is there. If nobody knows, drop it.",
        fix_sql=f"-- {statements.drop_trigger(pair.found)}",
    )


def _changed(pair: Pair) -> Iterator[Finding]:
    if pair.expected["enabled"] and not pair.found["enabled"]:
        yield Finding(
            "trigger_disabled",
            Severity.ERROR,
            pair.name,
            "The trigger is switched off: what it refuses or writes down happens unseen.",
            expected="enabled",
            found="disabled",
            fix="Switch it on.",
            fix_sql=statements.enable_trigger(pair.expected),
        )
    if pair.differs("definition", "function"):
        attribute = "definition" if pair.differs("definition") else "function"
        yield Finding(
            "trigger_changed",
            Severity.ERROR,
            pair.name,
            "The trigger acts on something else." if attribute == "definition" else "The trigger does something else.",
            expected=short(pair.expected[attribute]),
            found=short(pair.found[attribute]),
            fix="Make it anew.",
            fix_sql=f"{statements.drop_trigger(pair.found)}\n{statements.create_trigger(pair.expected)}",
        )


def compare_rules(expected: Catalogue, live: Catalogue) -> Iterator[Finding]:
    """Rewrite rules, of which no migration makes any: they turn one statement into another."""
    for pair in pairs("rules", expected, live):
        if pair.is_unexpected:
            yield Finding(
                "rule_unexpected",
                Severity.ERROR,
                pair.name,
                "No migration made this rule; it turns a statement into another one.",
                found=short(pair.found["definition"]),
                fix="Drop it.",
                fix_sql=statements.drop_rule(pair.found),
            )
