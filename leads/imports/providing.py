"""Records of a provider on their way to leads, in steps that each go on by themselves after a kill.

    lead_import = open_import(...)
    receive_records(lead_import_id=..., records=...)   # as often as there are pages
    stage(lead_import_id=..., mapper=...)
    promote(lead_import_id=...)                         # whatever was filled in between is taken
    close_import(lead_import_id=...)

Each works in batches, a transaction each, together with the counts of the import. Doing a step again does what is left
of it and nothing else; several pages may also be received, staged and promoted in turn. All of them raise
`import_not_runnable` when the import has ended meanwhile.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import batched
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from campaigns_project.accounts.models import Organization, User
from campaigns_project.database.arrays import json_array
from leads.imports import state_errors
from leads.imports.checking import Chunk, GoodRow, RowProblem, duplicate, erased, rechecked
from leads.imports.comparing import Merged
from leads.imports.duplicates import SeenAddresses
from leads.imports.ending import end_import
from leads.imports.merging import Raced
from leads.imports.options import ImportOptions
from leads.imports.people import People
from leads.imports.personal import clean_person
from leads.imports.rules import Problem, RowError
from leads.imports.running import do_not_wait_for_the_disk, progress
from leads.imports.tries import tries
from leads.imports.writing import merge_into
from leads.models import (
    ImportSource,
    ImportStatus,
    LeadImport,
    ProviderPurchase,
    PurchaseStatus,
    RawLead,
    StagedLead,
    StagedStatus,
)
from leads.tagging import tags_named

BATCH = 1_000
_MARK_PROMOTED = """
UPDATE staged_leads SET status = 'promoted', email_normalized = became ->> 1, fields = became -> 2,
    lead_id = (became ->> 3)::bigint, promoted_at = now()
FROM jsonb_array_elements(%(became)s::jsonb) AS became
WHERE staged_leads.lead_import_id = %(lead_import)s AND staged_leads.row_number = (became ->> 0)::integer
    AND staged_leads.status = 'staged'
"""
EMAIL = "email"  # what a problem names in place of a column
# What a provider's record says of a person: our fields, `custom.NAME`, `full_name`, `verification`, `is_catch_all`.
# Raises RowError for a record that can be no lead.
Mapper = Callable[[Any], Mapping[str, Any]]


@transaction.atomic
def open_import(
    *,
    organization: Organization,
    source: ImportSource,
    name: str,
    options: ImportOptions,
    created_by: User | None = None,
    now: datetime,
) -> LeadImport:
    """A running import without a file, for records that are still to be fetched; `close_import` ends it."""
    tags = [tag.pk for tag in tags_named(organization, options.tags)]
    return LeadImport.objects.create(
        organization=organization,
        source=source,
        file_name=name[:255],
        options={**asdict(options), "header": [], "targets": [], "tag_ids": tags},
        status=ImportStatus.RUNNING,
        created_by=created_by,
        created_at=now,
        started_at=now,
        heartbeat_at=now,
    )


def receive_records(*, lead_import_id: int, records: Iterable[tuple[str, Any]], campaign_id: int | None = None) -> int:
    """Keep records as they came, each with the provider's own number; how many of them were new to this import.

    A number that the import has already is passed over, so that a page may come twice. Records without one are kept
    every time.
    """
    return sum(_receive_batch(lead_import_id, batch, campaign_id) for batch in batched(records, BATCH))


def stage(*, lead_import_id: int, mapper: Mapper) -> int:
    """Map and clean what was received and not staged yet; how many. A record that cannot become a lead is a problem."""
    lead_import = LeadImport.objects.select_related("organization").get(pk=lead_import_id)
    people, seen, staged = People(lead_import.organization), _seen_before(lead_import), 0
    while done := _stage_batch(lead_import_id, mapper, people, seen):
        staged += done
    return staged


def promote(*, lead_import_id: int) -> int:
    """Make leads of what is staged, as its fields now stand; how many rows. A row that no longer fits is a problem."""
    lead_import = LeadImport.objects.select_related("organization").get(pk=lead_import_id)
    people, promoted = People(lead_import.organization), 0
    while done := _promote_batch(lead_import, people):
        promoted += done
    return promoted


def close_import(*, lead_import_id: int, error_message: str = "") -> bool:
    """End the import: succeeded, or failed with a sentence; False when it had ended before."""
    status = ImportStatus.FAILED if error_message else ImportStatus.SUCCEEDED
    LeadImport.objects.filter(pk=lead_import_id, total_rows=None).update(total_rows=F("rows_received"))
    return end_import(lead_import_id, status=status, error_message=error_message)


@transaction.atomic
def _receive_batch(lead_import_id: int, records: Iterable[tuple[str, Any]], campaign_id: int | None) -> int:
    lead_import = _held(lead_import_id)
    came = list(records)
    numbers = {external_id for external_id, _ in came if external_id}
    known = RawLead.objects.filter(lead_import=lead_import, external_id__in=numbers)
    passed = set(known.values_list("external_id", flat=True))
    raw: list[RawLead] = []
    for external_id, payload in came:
        if external_id in passed:
            continue
        passed.update({external_id} - {""})
        row_number = lead_import.rows_received + len(raw) + 1
        raw.append(
            RawLead(
                lead_import=lead_import,
                campaign_id=campaign_id,
                external_id=external_id,
                row_number=row_number,
                payload=payload,
            )
        )
    RawLead.objects.bulk_create(raw)
    LeadImport.objects.filter(pk=lead_import_id).update(rows_received=F("rows_received") + len(raw), heartbeat_at=Now())
    return len(raw)


@transaction.atomic
def _stage_batch(lead_import_id: int, mapper: Mapper, people: People, seen: SeenAddresses) -> int:
    lead_import = _held(lead_import_id)
    people.refresh()
    # Rows are numbered and staged in one order without a gap, so the count says where to go on.
    waiting = RawLead.objects.filter(lead_import=lead_import, row_number__gt=lead_import.rows_staged)
    # Locked, as whoever deletes them takes along only what is staged already.
    raw = list(waiting.select_for_update(no_key=True).order_by("row_number")[:BATCH])
    staged = [_staged(row, mapper, people, seen) for row in raw]
    _forget(lead_import, [row.row_number for row in staged if row.problem_code == "erased_person"])
    StagedLead.objects.bulk_create(staged)
    problems = sum(row.status == StagedStatus.PROBLEM for row in staged)
    LeadImport.objects.filter(pk=lead_import_id).update(
        rows_staged=F("rows_staged") + len(staged), **progress(Merged(0, 0, 0), problems)
    )
    return len(staged)


def _staged(raw: RawLead, mapper: Mapper, people: People, seen: SeenAddresses) -> StagedLead:
    found = _understood(raw, mapper, people, seen)
    staged = StagedLead(
        raw_lead=raw, lead_import_id=raw.lead_import_id, row_number=raw.row_number, campaign_id=raw.campaign_id
    )
    if isinstance(found, GoodRow):
        staged.email_normalized, staged.fields = found.email_normalized, found.fields
    else:
        staged.status = StagedStatus.PROBLEM
        staged.problem_code, staged.problem_column, staged.problem_message = found.code, found.column, found.message
    return staged


def _understood(raw: RawLead, mapper: Mapper, people: People, seen: SeenAddresses) -> GoodRow | Problem:
    try:
        person = clean_person(raw.row_number, mapper(raw.payload))
    except RowError as error:
        return error.problem
    if people.is_erased(person.email_normalized):
        return erased(EMAIL)
    person = person.meaning(people.canonical(person.email_normalized))
    first = seen.first_row(person.email_normalized, raw.row_number)
    return person if first is None else duplicate(EMAIL, person.email, first)


def _seen_before(lead_import: LeadImport) -> SeenAddresses:
    seen = SeenAddresses()
    staged = StagedLead.objects.filter(lead_import=lead_import).exclude(status=StagedStatus.PROBLEM)
    for address, row in staged.order_by().values_list("email_normalized", "row_number").iterator():
        seen.first_row(address, row)
    return seen


def _promote_batch(lead_import: LeadImport, people: People) -> int:
    for _ in tries():
        try:
            return _try_promoting(lead_import.pk, people)
        except Raced:
            people.read_anew()  # rolled back as a whole, and done again with what others wrote
    raise state_errors.TooBusy(lead_import.pk)


@transaction.atomic
def _try_promoting(lead_import_id: int, people: People) -> int:
    do_not_wait_for_the_disk()
    lead_import = _held(lead_import_id)
    people.refresh()
    waiting = StagedLead.objects.filter(lead_import=lead_import, status=StagedStatus.STAGED).order_by("row_number")
    chunk = rechecked(_as_they_stand(waiting[:BATCH]), people=people, email_column=EMAIL)
    written = merge_into(lead_import, chunk)
    _mark_promoted(lead_import, chunk.rows, written.leads)
    for row in chunk.problems:
        _note_problem(lead_import, row)
    LeadImport.objects.filter(pk=lead_import_id).update(**progress(written.merged, len(chunk.problems)))
    return len(chunk)


def _mark_promoted(lead_import: LeadImport, rows: Iterable[GoodRow], leads: Mapping[str, bytes]) -> None:
    became = [(row.number, row.email_normalized, row.fields, int(leads[row.email_normalized])) for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_MARK_PROMOTED, {"lead_import": lead_import.pk, "became": json_array(became)})


def _as_they_stand(staged: Iterable[StagedLead]) -> Chunk:
    """Staged rows with what was filled in meanwhile, checked once more."""
    chunk = Chunk()
    for row in staged:
        try:
            person = clean_person(row.row_number, row.fields)
        except RowError as error:
            chunk.problems.append(RowProblem(row.row_number, [], error.problem))
        else:
            chunk.rows.append(person)  # whom its address means now is looked up once more
    return chunk


def _note_problem(lead_import: LeadImport, row: RowProblem) -> None:
    found = row.problem
    staged = StagedLead.objects.filter(lead_import=lead_import, row_number=row.number)
    staged.update(
        status=StagedStatus.PROBLEM,
        problem_code=found.code,
        problem_column=found.column,
        problem_message=found.message,
    )
    if found.code == "erased_person":
        staged.update(email_normalized="", fields={})
        _forget(lead_import, [row.number])


def _forget(lead_import: LeadImport, row_numbers: Sequence[int]) -> None:
    """Keep nothing of erased persons but, in the journal, that they are not to be bought again."""
    if not row_numbers:
        return
    raw = RawLead.objects.filter(lead_import=lead_import, row_number__in=row_numbers)
    bought = ProviderPurchase.objects.filter(
        organization=lead_import.organization_id,
        provider=lead_import.source,
        external_id__in=[number for number in raw.values_list("external_id", flat=True) if number],
    )
    bought.update(payload=None, status=PurchaseStatus.ERASED)
    raw.update(payload={}, external_id="")


def _held(lead_import_id: int) -> LeadImport:
    """The import, kept from everybody else until the transaction ends."""
    running = LeadImport.objects.filter(pk=lead_import_id, status=ImportStatus.RUNNING)
    lead_import = running.select_for_update(no_key=True).first()
    if lead_import is None:
        raise state_errors.not_runnable(lead_import_id)
    return lead_import
