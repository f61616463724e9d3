"""The steps of a fetch. Each does a bounded piece, notes it with what it did, and may be done again after a kill."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import transaction

from campaigns.enrollment.enroll import begin_enrollment, go_on
from campaigns.enrollment.select import OfImport
from campaigns.fetching.opened import Phase
from campaigns.fetching.turn import Turn
from campaigns.models import Campaign, Job
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused, StateRefused
from campaigns_project.states import ProgressStatus
from leads.enrichment.enriching import Enriched, enrich
from leads.enrichment.profiles import active_profiles
from leads.imports.providing import close_import, promote, receive_records, stage
from leads.imports.rules import RowError
from leads.models import LeadImport
from leads.providers.purchases import spent_on
from leads.providers.registry import provider_class, provider_for
from leads.providers.values import Page, RecordProblem


def ask_provider(turn: Turn) -> None:
    """The next page: asked outside of any transaction, kept with the cursor behind it."""
    lead_import = LeadImport.objects.get(pk=turn.lead_import)
    provider = provider_for(
        organization=turn.campaign.organization,
        name=turn.source.search.provider,
        lead_import=lead_import,
        credit_limit=turn.source.about_credits,
    )
    page = provider.fetch(turn.source.search, turn.job.state["cursor"])
    with transaction.atomic():
        records = [(record.external_id, record.payload) for record in page.records]
        receive_records(lead_import_id=lead_import.pk, records=records, campaign_id=turn.campaign.pk)
        lead_import.refresh_from_db()
        _note_page(turn, page, lead_import)


def _note_page(turn: Turn, page: Page, lead_import: LeadImport) -> None:
    result = {**turn.job.result, "credits": _plain(spent_on(lead_import)), "received": lead_import.rows_received}
    result |= {} if page.total is None else {"found": page.total}
    result |= {"end": page.end.value} if page.end else {}
    phase = Phase.PAGES if page.next_cursor is not None else Phase.STAGE
    fields = {"done": lead_import.rows_received, "result": result}
    turn.keep(fields=fields, cursor=page.next_cursor, phase=phase, unreachable=0)
    Campaign.objects.filter(pk=turn.campaign.pk).update(total_records=lead_import.rows_received)


def read_records(turn: Turn) -> None:
    """What came, mapped and cleaned."""
    kind = provider_class(turn.source.search.provider)
    stage(lead_import_id=turn.lead_import, mapper=partial(_mapped, kind.map, turn.source.search.filters))
    turn.keep(phase=Phase.ENRICH if turn.source.enrichment else Phase.PROMOTE)


def _mapped(read: Callable[..., Any], filters: Mapping[str, Any], payload: Any) -> Mapping[str, Any]:
    told = read(payload, filters=filters)
    if told.problem:
        raise RowError(told.problem.value, "", f"{RecordProblem(told.problem).label}.")
    return told.fields


def fill_fields(turn: Turn) -> None:
    """Have the chosen profile fill empty fields, as far as the time of this turn goes. Its failures stop nothing."""
    profile = active_profiles(turn.campaign.organization).filter(pk=turn.source.enrichment).first()
    if profile is None:
        _note_enriched(turn, Enriched(is_done=True, gave_up="The enrichment profile is gone or switched off."))
        return
    try:
        done = enrich(lead_import_id=turn.lead_import, profile=profile, budget=turn.left, on_progress=turn.touch)
    except Refused as refused:  # the prompt cannot be read any more
        done = Enriched(is_done=True, gave_up=str(refused))
    _note_enriched(turn, done)


def _note_enriched(turn: Turn, done: Enriched) -> None:
    before = turn.job.result
    counts = {"enriched": before.get("enriched", 0) + done.filled, "not_enriched": before.get("not_enriched", 0)}
    counts["not_enriched"] += done.failed
    told = {"enrichment_stopped": done.gave_up} if done.gave_up else {}
    is_over = done.is_done or bool(done.gave_up)
    turn.keep(fields={"result": {**before, **counts, **told}}, phase=Phase.PROMOTE if is_over else Phase.ENRICH)


def make_leads(turn: Turn) -> None:
    """Leads of what is staged; the import ends."""
    promote(lead_import_id=turn.lead_import)
    with transaction.atomic():
        close_import(lead_import_id=turn.lead_import)
        done = LeadImport.objects.get(pk=turn.lead_import)
        counts = {
            "created": done.created_count,
            "updated": done.updated_count,
            "unchanged": done.unchanged_count,
            "problems": done.problem_count,
        }
        turn.keep(fields={"result": {**turn.job.result, **counts}, "failed": done.problem_count}, phase=Phase.ENROLL)


def enroll_them(turn: Turn) -> None:
    """A batch of them into the campaign, each in or counted under the reason why not; with the note, or not at all.

    AudienceTaken, with nothing done, where somebody else enrolls at this moment.
    """
    if (number := turn.job.state.get("enrollment")) is None:
        people = OfImport(lead_import_id=turn.lead_import)
        with transaction.atomic():
            job = begin_enrollment(campaign=turn.campaign, selection=people, actor=SYSTEM, now=turn.now, gives_way=True)
            turn.keep(enrollment=job.pk)
    elif not go_on(job_id=number, now=turn.now, gives_way=True):
        _note_enrolled(turn, Job.objects.get(pk=number))


def _note_enrolled(turn: Turn, job: Job) -> None:
    """What came of it, if it has ended; if it has not, another worker took it up, and is waited for."""
    if job.status == ProgressStatus.SUCCEEDED:
        turn.keep(fields={"result": {**turn.job.result, **job.result}}, phase=Phase.BEGIN)
    elif job.status in ProgressStatus.ended:
        raise StateRefused("enrollment_failed", f"They could not all be enrolled: {job.error_message}")


STEPS: dict[Phase, Callable[[Turn], None]] = {
    Phase.PAGES: ask_provider,
    Phase.STAGE: read_records,
    Phase.ENRICH: fill_fields,
    Phase.PROMOTE: make_leads,
    Phase.ENROLL: enroll_them,
}


def _plain(credits: Any) -> int | float:  # noqa: A002 - what the provider calls them
    return int(credits) if credits == int(credits) else float(credits)
