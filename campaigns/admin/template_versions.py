"""The page of a template's versions: who changed what when, and two of them side by side."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from django.utils.text import capfirst

from campaigns.models import EmailTemplate, TemplateVersion
from campaigns.steps import WORDING, WORDING_LABELS
from campaigns.templates import other_versions
from campaigns_project.comparing import compare
from campaigns_project.keys import key_of


def versions_context(template: EmailTemplate, asked: Mapping[str, str]) -> dict[str, Any]:
    """All versions, newest first, and where the two that are `asked` for as `from` and `to` differ.

    Unless two are asked for that are there, the newest is held against the one before it.
    """
    versions = list(template.versions.all())
    others = set(other_versions(template).values_list("pk", flat=True))
    rows = [
        {
            "version": version,
            "before": before,
            "changed": _changed(before, version),
            "is_now": version is versions[0],
            "says_the_same": version.pk not in others,
        }
        for version, before in zip_longest(versions, versions[1:])
    ]
    by_number = {version.version: version for version in versions}
    newer = by_number.get(key_of(asked.get("to", "")) or 0) or (versions[0] if versions else None)
    older = by_number.get(key_of(asked.get("from", "")) or 0) or (versions[1] if versions[1:] else None)
    parts = _parts(older, newer) if older and newer else []
    return {"rows": rows, "older": older, "newer": newer, "parts": parts}


def _changed(before: TemplateVersion | None, version: TemplateVersion) -> str:
    """The parts that are not as they were in the version before it; empty where that one is not kept."""
    if before is None:
        return ""
    return ", ".join(_label(name) for name in WORDING if getattr(before, name) != getattr(version, name))


def _parts(older: TemplateVersion, newer: TemplateVersion) -> list[dict[str, Any]]:
    found = [{"label": _label(name), "lines": compare(getattr(older, name), getattr(newer, name))} for name in WORDING]
    return [part for part in found if part["lines"]]


def _label(name: str) -> str:
    return str(capfirst(WORDING_LABELS[name]))
