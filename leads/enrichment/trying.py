"""A profile tried on one lead: the whole way, and nothing written but that it was done."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.encryption import readable
from campaigns_project.errors import NotFound
from leads.enrichment.asking import Outcome, ask
from leads.enrichment.endpoint import Endpoint
from leads.enrichment.people import empty_among, known_of_lead
from leads.enrichment.prompts import read_prompt
from leads.models import EnrichmentProfile, Lead

TIMEOUT = 30.0  # seconds; somebody waits for it


@dataclass(frozen=True)
class Trial:
    """What was asked and what came; `kept` are fields that have a value and would stay as they are."""

    lead: Lead
    outcome: Outcome
    kept: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {
            "lead": self.lead.pk,
            "prompt": self.outcome.prompt,
            "values": self.outcome.values,
            "kept": self.kept,
            "model": self.outcome.model,
            "seconds": round(self.outcome.seconds, 3),
            "error_code": self.outcome.error_code,
            "error_message": self.outcome.error_message,
        }


def try_on(*, profile: EnrichmentProfile, lead_id: int, actor: Actor) -> Trial:
    """Ask the profile's endpoint about a lead of its organization; the lead stays as it is.

    All of the profile's fields are asked for, so that one sees what would come for a lead that has nothing. NotFound
    for a lead that is not there, Refused where the key cannot be decrypted; what goes wrong with the endpoint or its
    answer is in the outcome.
    """
    lead = Lead.objects.for_organization(profile.organization).filter(pk=lead_id).first()
    if lead is None:
        raise NotFound("lead_not_found", f"There is no lead {lead_id}.", "Look its number up in the list of leads.")
    endpoint = Endpoint(profile.url, profile.model, readable(profile.api_key), seconds=TIMEOUT)
    with transaction.atomic():  # by itself: the network comes after
        record(
            action="enrichmentprofile.tried",
            entity=profile,
            organization_id=profile.organization_id,
            actor=actor,
            after={"lead": lead.pk},
        )
    known = known_of_lead(lead)
    outcome = ask(
        endpoint=endpoint,
        prompt=read_prompt(profile.prompt),
        known=known,
        wanted=profile.fields,
    )
    empty = empty_among(profile.fields, known)
    return Trial(lead, outcome, {name: known[name] for name in profile.fields if name not in empty})
