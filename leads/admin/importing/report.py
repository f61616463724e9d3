"""What a dry run found, in the words and numbers of its page."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from leads.imports.fields import BY_NAME, CUSTOM_PREFIX, DO_NOT_CONTACT, FULL_NAME
from leads.models import LeadImport

_LABELS = {
    "control_character": "Control characters",
    "damaged_text": "Damaged text",
    "duplicate_in_file": "The same person twice in the file",
    "erased_person": "Asked to be forgotten",
    "error_value": "Error values of a spreadsheet",
    "invalid_company_size": "Invalid company size",
    "invalid_domain": "Invalid domain",
    "invalid_email": "Invalid address",
    "invalid_json": "No JSON object",
    "invalid_link": "Invalid link",
    "invalid_timezone": "Unknown time zone",
    "missing_email": "No address",
    "mistyped_email": "Mistyped address",
    "several_emails": "Several addresses in one cell",
    "too_few_columns": "Too few columns",
    "too_long": "Text that is too long",
    "too_many_columns": "Too many columns",
    "unknown_mark": "Unclear whether one may write to them",
}
_TARGETS = {
    FULL_NAME: "full name",
    DO_NOT_CONTACT: "must not be written to",
    **{name: field.label for name, field in BY_NAME.items()},
}
NOT_FIXABLE = "erased_person"  # nothing of them is shown, so nothing can be mended


@dataclass(frozen=True)
class Sum:
    """One of the four counts a row ends in; `tone` is that of the bar."""

    label: str
    tone: str
    count: int
    url: str = ""


@dataclass(frozen=True)
class Kind:
    """The problems of one code: how many, and those that are kept."""

    label: str
    count: int
    numbers: str
    rows: list[dict[str, Any]]


def dry_run_report(lead_import: LeadImport) -> dict[str, Any]:
    """What the template shows of the numbers of a dry run that succeeded."""
    found = lead_import.dry_run
    return {
        "rows": found["rows"],
        "sums": [
            Sum("New", "good", found["created"]),
            Sum("Updated", "info", found["updated"]),
            Sum("Unchanged", "skip", found["unchanged"]),
            Sum("Problems", "bad", found["problems"]),
        ],
        "do_not_contact": found.get("do_not_contact", 0),  # a draft may have been checked before this was counted
        "problem_count": found["problems"],
        "problems": _kinds(found),
        "field_changes": sorted(
            ((field_label(name), count) for name, count in found["field_changes"].items()), key=lambda each: -each[1]
        ),
        "samples": [{**each, "field": field_label(each["field"])} for each in found["samples"]],
        "fixable": fixable_rows(lead_import),
    }


def fixable_rows(lead_import: LeadImport) -> list[dict[str, Any]]:
    """The problems kept by the dry run that somebody can mend cell by cell."""
    return [each for each in lead_import.dry_run.get("first_problems", []) if each["code"] != NOT_FIXABLE]


def field_label(name: str) -> str:
    """A field as people call it."""
    return BY_NAME[name].label if name in BY_NAME else name.removeprefix(CUSTOM_PREFIX)


def target_label(target: str | None) -> str:
    """What a column became, as people call it; one of their own as templates do; empty for one left out."""
    return _TARGETS.get(target or "", target or "")


def problem_label(code: str) -> str:
    """A problem's code in words."""
    return _LABELS.get(code) or code.replace("_", " ").capitalize()


def _kinds(found: dict[str, Any]) -> list[Kind]:
    kept = defaultdict(list)
    for each in found["first_problems"]:
        kept[each["code"]].append(each)
    counted = sorted(found["problem_codes"].items(), key=lambda each: (-each[1], each[0]))
    return [Kind(problem_label(code), count, _numbers(kept[code], count), kept[code]) for code, count in counted]


def _numbers(rows: list[dict[str, Any]], count: int) -> str:
    numbers = ", ".join(f"{each['row']:,}" for each in rows)
    return f"{numbers} and {count - len(rows):,} more" if rows and count > len(rows) else numbers
