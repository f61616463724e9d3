"""Delivery reports (RFC 3464), from a part of their own or from wherever in the text their fields stand."""

import re
from dataclasses import dataclass

from tracking.inbox.reading.addresses import recipient

MAX_LINES = 5_000
MAX_FAILURES = 100
_FIELD = re.compile(
    r"[> ]{0,4}(final-recipient|original-recipient|x-actual-recipient|x-original-recipient|action|status|"
    r"diagnostic-code|remote-mta|reporting-mta|last-attempt-date)[ \t]{0,5}:[ \t]{0,20}(.{0,4000})",
    re.IGNORECASE,
)
_RECIPIENT = frozenset({"final-recipient", "original-recipient"})
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\w.:/\[-])([245][0-7]\d)(?=[\s:#,;-]|$)")
_TYPE = re.compile(r"^[\w-]{1,40}\s{0,5};\s{0,20}")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one recipient, as somebody tells it."""

    address: str
    action: str = "failed"
    status: str = ""
    code: int | None = None
    diagnostic: str = ""


def told_in(text: str) -> list[Told]:
    """One for each recipient of the report in `text`; empty where there is no report in it."""
    groups: list[dict[str, str]] = [{}]
    has_gap, last = False, ""
    for line in text.split("\n")[:MAX_LINES]:
        found = _FIELD.match(line)
        if found:
            last = found.group(1).lower()
            is_next = last in groups[-1] or (has_gap and last in _RECIPIENT and _RECIPIENT & groups[-1].keys())
            if is_next and len(groups) < MAX_FAILURES:
                groups.append({})
            has_gap = False
            groups[-1].setdefault(last, found.group(2).strip())
        elif line[:1] in (" ", "\t") and line.strip() and last and not has_gap:
            groups[-1][last] = (groups[-1][last] + " " + line.strip())[:4_000]
        else:
            has_gap, last = has_gap or not line.strip(), ""
    return [_told(group) for group in groups if _RECIPIENT & group.keys() and {"action", "status"} & group.keys()]


def _told(group: dict[str, str]) -> Told:
    final, first = recipient(group.get("final-recipient", "")), recipient(group.get("original-recipient", ""))
    diagnostic = " ".join(_TYPE.sub("", group.get("diagnostic-code", "")).split())
    status = status_in(group.get("status", ""))
    action = (group.get("action", "").split() or ["failed"])[0].lower().strip(";,()")
    # What stands behind an alias may be a name that means nothing outside of that machine.
    is_local = bool(first) and "." not in final.partition("@")[2]
    return Told(
        address=first if is_local else final,
        action=action,
        status=status,
        code=code_in(diagnostic),
        diagnostic=diagnostic,
    )


def status_in(text: str) -> str:
    found = _STATUS.search(text)
    return found.group(1) if found else ""


def code_in(text: str) -> int | None:
    found = _CODE.search(text)
    return int(found.group(1)) if found else None
