"""The waiting leads of an import, a few at a time; killed at any moment, it goes on with those that were not asked for.

A lead has been asked for when it has a `LeadEnrichment`, whatever came of it: so that a failing lead is asked once, and
a resumed run pays for none twice but those whose answers were on the line.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from campaigns_project.encryption import readable
from campaigns_project.workers.stopping import is_stopping
from leads.enrichment.asking import Outcome, ask
from leads.enrichment.endpoint import Endpoint
from leads.enrichment.people import empty_among, existing_leads, known_of_staged
from leads.enrichment.prompts import Prompt, read_prompt
from leads.models import EnrichmentProfile, LeadEnrichment, StagedLead, StagedStatus

AT_ONCE = 4  # questions on the line together: as many as a small endpoint takes without refusing
GIVE_UP_AFTER = 2 * AT_ONCE  # leads in a row for which the endpoint itself failed
PROVIDER = "openai_compatible"
OnProgress = Callable[[int], object]


@dataclass(slots=True)
class Enriched:
    """Counts of this run. `is_done` is false where the time was over; `gave_up` says why nobody more is asked for."""

    filled: int = 0
    unchanged: int = 0
    failed: int = 0
    is_done: bool = False
    gave_up: str = ""

    @property
    def seen(self) -> int:
        return self.filled + self.unchanged + self.failed


def enrich(
    *,
    lead_import_id: int,
    profile: EnrichmentProfile,
    budget: timedelta | None = None,
    on_progress: OnProgress | None = None,
) -> Enriched:
    """Fill empty fields of the staged leads of an import that were not asked for yet.

    With a `budget` it stops once that time is over; so it does when its worker is asked to stop. It gives up where the
    endpoint itself fails for GIVE_UP_AFTER leads in a row: the others stay as they are. Raises what `read_prompt` does,
    and Refused where the profile's key cannot be decrypted.
    """
    run = _Run(lead_import_id, profile, read_prompt(profile.prompt))
    deadline = time.monotonic() + budget.total_seconds() if budget is not None else None
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="enrich") as pool:
        while batch := run.next_batch():
            run.work(batch, pool)
            if on_progress:
                on_progress(run.counts.seen)
            if run.counts.gave_up:
                return run.counts
            if is_stopping() or (deadline is not None and time.monotonic() > deadline):
                run.counts.is_done = not run.left().exists()
                return run.counts
    run.counts.is_done = True
    return run.counts


def left_to_enrich(lead_import_id: int) -> QuerySet[StagedLead]:
    """The staged leads of an import nobody has asked for yet, in the order of their rows."""
    asked = Exists(LeadEnrichment.objects.filter(staged_lead=OuterRef("pk")))
    waiting = StagedLead.objects.filter(~asked, lead_import=lead_import_id, status=StagedStatus.STAGED)
    return waiting.select_related("lead_import").order_by("row_number")


class _Run:
    def __init__(self, lead_import_id: int, profile: EnrichmentProfile, prompt: Prompt):
        self._import_id, self._profile, self._prompt = lead_import_id, profile, prompt
        self._endpoint = Endpoint(profile.url, profile.model, readable(profile.api_key))
        self._last_row = 0
        self._in_a_row = 0
        self.counts = Enriched()

    def left(self) -> QuerySet[StagedLead]:
        return left_to_enrich(self._import_id).filter(row_number__gt=self._last_row)

    def next_batch(self) -> list[StagedLead]:
        batch = list(self.left()[:AT_ONCE])
        self._last_row = batch[-1].row_number if batch else self._last_row
        return batch

    def work(self, batch: Sequence[StagedLead], pool: ThreadPoolExecutor) -> None:
        """Ask for all of them together; the network is in no transaction."""
        existing = existing_leads(self._profile.organization_id, batch)
        known = [known_of_staged(staged, existing.get(staged.email_normalized)) for staged in batch]
        for staged, outcome in zip(batch, pool.map(self._asked, known), strict=True):
            self._count(_record(staged, outcome, self._profile))
            self._watch(outcome)

    def _asked(self, known: dict[str, Any]) -> Outcome:
        wanted = empty_among(self._profile.fields, known)
        if not wanted:
            return Outcome(model=self._profile.model)
        return ask(endpoint=self._endpoint, prompt=self._prompt, known=known, wanted=wanted)

    def _count(self, place: str) -> None:
        setattr(self.counts, place, getattr(self.counts, place) + 1)

    def _watch(self, outcome: Outcome) -> None:
        self._in_a_row = self._in_a_row + 1 if outcome.is_endpoint else 0
        if self._in_a_row >= GIVE_UP_AFTER:
            self.counts.gave_up = outcome.error_message


@transaction.atomic
def _record(staged: StagedLead, outcome: Outcome, profile: EnrichmentProfile) -> str:
    """Write the values where there is nothing, and who gave them; answers which count it belongs to."""
    current = StagedLead.objects.select_for_update().filter(pk=staged.pk, status=StagedStatus.STAGED).first()
    if current is None or LeadEnrichment.objects.filter(staged_lead=staged).exists():
        return "unchanged"  # promoted, canceled or deleted meanwhile, or another worker was faster
    values = {name: value for name, value in outcome.values.items() if current.fields.get(name) in (None, "")}
    if values:
        StagedLead.objects.filter(pk=current.pk).update(fields={**current.fields, **values})
    LeadEnrichment.objects.create(
        staged_lead=current,
        campaign_id=current.campaign_id,
        provider=PROVIDER,
        model=outcome.model,
        result={"profile": profile.pk, "values": values, "seconds": round(outcome.seconds, 3)},
        error_message=f"{outcome.error_code}: {outcome.error_message}" if outcome.error_code else "",
    )
    if not outcome.is_good:
        return "failed"
    return "filled" if values else "unchanged"
