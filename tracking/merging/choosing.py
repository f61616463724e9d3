"""Which of two values a merged lead has, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.text import capfirst

from campaigns_project.errors import Refused
from leads.models import Lead

CUSTOM = "custom."
# The address and what is known of it are those of the lead that stays.
FIELDS = (
    "first_name", "last_name", "company", "title", "phone", "website", "linkedin_url", "city", "country", "timezone",
    "seniority", "industry", "company_domain", "company_size",
)  # fmt: skip


class Choice(models.TextChoices):
    """Whose value a field gets."""

    KEEP = "keep", "of the lead that stays"
    OTHER = "other", "of the other one"


@dataclass(frozen=True)
class FieldChoice:
    """A field in which the two differ; `name` of a custom field begins with “custom.”."""

    name: str
    keep: Any
    other: Any
    chosen: Choice

    @property
    def label(self) -> str:
        """The field's name for people."""
        if self.name.startswith(CUSTOM):
            return self.name.removeprefix(CUSTOM).replace("_", " ").capitalize()
        return str(capfirst(Lead._meta.get_field(self.name).verbose_name))  # type: ignore[union-attr]

    @property
    def value(self) -> Any:
        return self.keep if self.chosen == Choice.KEEP else self.other

    def as_dict(self) -> dict[str, Any]:
        return {"field": self.name, "keep": self.keep, "other": self.other, "chosen": self.chosen.value}


def choose(keep: Lead, other: Lead, choices: Mapping[str, str]) -> list[FieldChoice]:
    """The fields in which they differ. One not chosen keeps the value of `keep`, or is filled where that is empty.

    Refused for a field there is none of, and for a choice that is none.
    """
    ours, theirs = _values(keep), _values(other)
    _refuse_unknown(choices, {*ours, *theirs})
    found = []
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        mine, its = ours.get(name, ""), theirs.get(name, "")
        if mine != its:
            default = Choice.KEEP if mine not in ("", None) else Choice.OTHER
            found.append(FieldChoice(name, mine, its, Choice(choices.get(name, default))))
    return found


def values_to_write(keep: Lead, fields: list[FieldChoice]) -> dict[str, Any]:
    """By field of the model, what `keep` gets of the other one."""
    gained = {field.name: field.value for field in fields if field.chosen == Choice.OTHER}
    custom = {name.removeprefix(CUSTOM): value for name, value in gained.items() if name.startswith(CUSTOM)}
    own = {name: value for name, value in gained.items() if not name.startswith(CUSTOM)}
    if not custom:
        return own
    merged = {**keep.custom, **custom}
    return {**own, "custom": {key: value for key, value in merged.items() if value != ""}}


def _values(lead: Lead) -> dict[str, Any]:
    custom = {f"{CUSTOM}{key}": value for key, value in lead.custom.items()}
    return {**{name: getattr(lead, name) for name in FIELDS}, **custom}


def _refuse_unknown(choices: Mapping[str, str], known: set[str]) -> None:
    for name, choice in choices.items():
        if name not in known:
            message = f"Neither lead has a field “{name}” to choose."
            raise Refused("unknown_field", message, f"Known: {', '.join(sorted(known))}.", {"field": "choices"})
        if choice not in Choice.values:
            message = f"“{choice}” is no choice for {name}."
            raise Refused("unknown_choice", message, "Say keep or other.", {"field": "choices"})
