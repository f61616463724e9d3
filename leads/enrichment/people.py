"""What is known of a person, as a prompt sees it, and which of the wanted fields are empty."""

from collections.abc import Mapping, Sequence
from typing import Any

from leads.imports.fields import CUSTOM_PREFIX, LEAD_FIELDS, is_custom
from leads.models import Lead, StagedLead


def known_of_lead(lead: Lead) -> dict[str, Any]:
    """The values a lead has, by field; free ones as `custom.key`. What is empty is left out."""
    values: dict[str, Any] = {name: getattr(lead, name) for name in LEAD_FIELDS}
    values |= {f"{CUSTOM_PREFIX}{key}": value for key, value in (lead.custom or {}).items()}
    return {name: value for name, value in values.items() if value not in (None, "")}


def known_of_staged(staged: StagedLead, existing: Lead | None) -> dict[str, Any]:
    """The same of a staged lead, and of the lead it is about to be merged into."""
    before = known_of_lead(existing) if existing else {}
    return {**before, **{name: value for name, value in staged.fields.items() if value not in (None, "")}}


def existing_leads(organization_id: int, staged: Sequence[StagedLead]) -> dict[str, Lead]:
    """The leads that are there already, by normalized address; one query."""
    addresses = [each.email_normalized for each in staged]
    found = Lead.objects.filter(organization_id=organization_id, email_normalized__in=addresses)
    return {lead.email_normalized: lead for lead in found}


def empty_among(fields: Sequence[str], known: Mapping[str, Any]) -> list[str]:
    """Those of `fields` that nobody has filled in: an enrichment never overwrites."""
    return [name for name in fields if name not in known]


def as_texts(known: Mapping[str, Any]) -> dict[str, str]:
    """Values for a prompt; `full_name` is made of its parts."""
    texts = {name: str(value) for name, value in known.items() if name in LEAD_FIELDS or is_custom(name)}
    full_name = f"{texts.get('first_name', '')} {texts.get('last_name', '')}".strip()
    return {**texts, **({"full_name": full_name} if full_name else {})}
