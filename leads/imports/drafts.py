"""A draft between its steps: what it was told so far, and the next wish on top of it."""

from dataclasses import fields
from typing import Any

from leads.imports.options import ImportOptions
from leads.models import LeadImport

_NAMES = [field.name for field in fields(ImportOptions)]


def options_of(lead_import: LeadImport, **changes: Any) -> ImportOptions:
    """The options an import was made with, with `changes`; raises what they raise."""
    kept = {name: lead_import.options[name] for name in _NAMES if name in lead_import.options}
    kept["tags"] = tuple(kept.get("tags", ()))
    return ImportOptions(**{**kept, **changes})
