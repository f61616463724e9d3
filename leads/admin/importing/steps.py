"""The five steps of an import, each with an address of its own, so that one can leave and come back."""

from dataclasses import dataclass
from typing import NamedTuple

from django.urls import reverse

from leads.models import ImportSource, ImportStatus, LeadImport


class Step(NamedTuple):
    """`name` is the last part of the address, `label` what people read."""

    name: str
    label: str

    def url(self, lead_import: LeadImport) -> str:
        """Where this step of `lead_import` stands."""
        return reverse(f"admin:{url_name(self.name)}", args=[lead_import.pk])


UPLOAD = Step("upload", "File")
MAP = Step("map", "Columns")
OPTIONS = Step("options", "Options")
DRY_RUN = Step("dry-run", "Check")
PROGRESS = Step("progress", "Import")
STEPS = (UPLOAD, MAP, OPTIONS, DRY_RUN, PROGRESS)


def url_name(step: str) -> str:
    """The name of a step's address in the admin."""
    return f"leads_leadimport_{step.replace('-', '_')}"


def present_step(lead_import: LeadImport) -> Step:
    """Where to go on: a draft that was checked waits for a decision, any other for its columns."""
    if lead_import.status != ImportStatus.DRAFT:
        return PROGRESS
    return DRY_RUN if lead_import.dry_run_status else UPLOAD


@dataclass(frozen=True)
class Mark:
    """One step as the bar above each page shows it; `url` is empty where one cannot go yet, or any more."""

    number: int
    label: str
    url: str
    is_present: bool
    is_done: bool


def marks_of(present: Step, lead_import: LeadImport | None = None) -> list[Mark]:
    """The bar on the page of `present`. The steps of a draft can be gone back to; those of an import under way not.

    Nothing for what a provider sends: nobody has gone any step with it.
    """
    if lead_import is not None and lead_import.source not in ImportSource.in_parts:
        return []
    at = STEPS.index(present)
    is_draft = lead_import is not None and lead_import.status == ImportStatus.DRAFT
    return [
        Mark(
            number=number + 1,
            label=step.label,
            url=step.url(lead_import) if is_draft and number != at and step != PROGRESS else "",  # type: ignore[arg-type]
            is_present=number == at,
            is_done=number < at or (lead_import is not None and lead_import.status == ImportStatus.SUCCEEDED),
        )
        for number, step in enumerate(STEPS)
    ]
