"""A file taken in: looked over as a whole, then stored with everything the import needs to run anywhere."""

from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from django.db import transaction
from django_q.tasks import async_task

from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from leads.cleaning import storable
from leads.imports import errors, state_errors
from leads.imports.fields import IGNORE
from leads.imports.following import check_follow_up
from leads.imports.inspecting import Inspection, inspect
from leads.imports.opening import columns_of, reading_of
from leads.imports.opt_outs import ANY_OTHER, key_of
from leads.imports.options import ImportOptions
from leads.imports.remembering import remember, remembered
from leads.imports.repeats import refuse_repeat
from leads.imports.storing import fetch_parts, spool, store_parts
from leads.models import ImportSource, ImportStatus, LeadImport
from leads.tagging import tags_named

RUN_TASK = "leads.imports.tasks.run_import_task"
_FILE_NAME_MAX = 255


def receive(
    *,
    organization: Organization,
    stream: BinaryIO,
    file_name: str,
    options: ImportOptions,
    actor: Actor,
    created_by: User | None = None,
    now: datetime,
    source: ImportSource = ImportSource.FILE,
    in_background: bool = True,
    as_draft: bool = False,
    confirm_repeat: bool = False,
) -> LeadImport:
    """Store a file as a queued import, and have a worker run it unless `in_background` is off.

    The stream is read once and may be a pipe. A file that cannot be imported raises a `FileRefused`, and one that was
    imported before `repeated_file`, unless the repeat is confirmed; nothing is stored then. A draft can still be read
    in another way (`reread`) and waits for `commit_import`, where repeats are looked for.
    """
    file_name = storable(file_name)
    spooled = spool(stream, file_name=file_name)
    with spooled.stream:
        inspection = inspect(spooled.stream, file_name=file_name, options=options, is_draft=as_draft)
        with transaction.atomic():
            check_follow_up(organization, options)
            lead_import = LeadImport(
                organization=organization,
                source=source,
                file_name=file_name[-_FILE_NAME_MAX:],
                file_size=spooled.size,
                file_hash=spooled.digest,
                created_by=created_by,
                created_at=now,
                status=ImportStatus.DRAFT if as_draft else ImportStatus.QUEUED,
                **_how_to_read(inspection, options, organization),
            )
            if not as_draft and not confirm_repeat:
                refuse_repeat(lead_import)
            lead_import.save()
            store_parts(lead_import, spooled.stream)
            _audit("import.created", lead_import, actor)
            if in_background and not as_draft:
                queue(lead_import.pk)
    return lead_import


@transaction.atomic
def reread(*, lead_import: LeadImport, options: ImportOptions, actor: Actor) -> LeadImport:
    """Read the file of a draft in another way; what a dry run found is forgotten.

    Raises what `receive` raises, and `import_not_draft`; the draft is then what it was.
    """
    draft = _locked_draft(lead_import)
    with fetch_parts(draft.pk) as stream:
        inspection = inspect(stream, file_name=draft.file_name, options=options, is_draft=True)
    check_follow_up(draft.organization, options)
    reading = _how_to_read(inspection, options, draft.organization)
    if _cells_are_the_same(draft, reading):
        reading["options"]["fixes"] = draft.options.get("fixes", {})
    LeadImport.objects.filter(pk=draft.pk).update(**reading, **_NO_DRY_RUN)
    draft.refresh_from_db()
    _audit("import.reread", draft, actor)
    return draft


@transaction.atomic
def fix_rows(*, lead_import: LeadImport, rows: dict[int, list[str]], actor: Actor) -> LeadImport:
    """Keep corrected cells of some rows with a draft, by row number; dry run and import take them for the file's own.

    What came is kept as it came. Raises `bad_fix` and `import_not_draft`.
    """
    draft = _locked_draft(lead_import)
    options = draft.options
    width = len(options["header"])
    for number, cells in rows.items():
        if len(cells) != width:
            raise errors.bad_fix(f"Row {number:,} was sent with {len(cells)} cells; the file has {width} columns.")
    _refuse_missing(draft, set(rows))
    fixes = {**options.get("fixes", {}), **{str(number): list(map(storable, cells)) for number, cells in rows.items()}}
    if len(fixes) > MOST_FIXES:
        raise errors.bad_fix(f"{len(fixes):,} rows would be corrected here; {MOST_FIXES} is the limit.")
    LeadImport.objects.filter(pk=draft.pk).update(options={**options, "fixes": fixes}, **_NO_DRY_RUN)
    draft.refresh_from_db()
    record(
        action="import.fixed",
        entity=draft,
        organization_id=draft.organization_id,
        actor=actor,
        after={"rows": sorted(rows)},
    )
    return draft


@transaction.atomic
def commit_import(
    *, lead_import: LeadImport, actor: Actor, now: datetime, in_background: bool = True, confirm_repeat: bool = False
) -> LeadImport:
    """Say go to a draft: queued, and run by a worker unless `in_background` is off.

    Raises `import_not_draft`, what `refuse_unready` raises, and `repeated_file` as `receive` does. A dry run that is
    under way is given up.
    """
    draft = _locked_draft(lead_import)
    refuse_unready(draft)
    if not confirm_repeat:
        refuse_repeat(draft)
    # Silent since now: a draft may be days old, and would be taken for one whose worker died.
    LeadImport.objects.filter(pk=draft.pk).update(status=ImportStatus.QUEUED, heartbeat_at=now)
    draft.refresh_from_db()
    _remember(draft, now)
    _audit("import.committed", draft, actor)
    if in_background:
        queue(draft.pk)
    return draft


def _remember(draft: LeadImport, now: datetime) -> None:
    """What somebody decided for the columns is offered with the next file of the same header."""
    decided = draft.options
    if decided["mapping"]:
        mapping = {header: target or IGNORE for header, target in columns_of(draft).matched.items()}
        remember(
            organization=draft.organization,
            header=decided["header"],
            mapping=mapping,
            words={**_words_elsewhere(draft), **decided.get("words", {})},
            file_name=draft.file_name,
            now=now,
        )


def _words_elsewhere(draft: LeadImport) -> dict[str, str]:
    """What was decided for words that this file does not have: the next one may have them again."""
    before = remembered(organization=draft.organization, header=draft.options["header"])
    here = {key_of(word) for words in draft.options.get("words_found", {}).values() for word in words}
    kept = before.words if before else {}
    return {word: said for word, said in kept.items() if word != ANY_OTHER and key_of(word) not in here}


def refuse_unready(draft: LeadImport) -> None:
    """Raise `no_email_column` while nobody has said which column of a draft holds the address, and `undecided_marks`
    while one that may say who is out would be passed over.
    """
    columns = columns_of(draft)
    if "email" not in columns.targets:
        raise errors.no_email_column(draft.file_name, columns=columns.header)
    if undecided := draft.options.get("undecided"):
        raise errors.undecided_marks(draft.file_name, columns=undecided)


def queue(lead_import_id: int) -> None:
    """Have a worker run the import once the present transaction is committed."""
    transaction.on_commit(partial(async_task, RUN_TASK, lead_import_id))


MOST_FIXES = 200  # more are corrected in the file of problems
_NO_DRY_RUN: dict[str, Any] = {"dry_run_status": "", "dry_run": {}, "dry_run_at": None}


def _locked_draft(lead_import: LeadImport) -> LeadImport:
    locked = LeadImport.objects.select_for_update(of=("self",)).select_related("organization").get(pk=lead_import.pk)
    if locked.status != ImportStatus.DRAFT:
        raise state_errors.not_a_draft(locked.pk, locked.status)
    return locked


def _refuse_missing(draft: LeadImport, numbers: set[int]) -> None:
    """Raise `bad_fix` for numbers of rows that the file does not have."""
    with fetch_parts(draft.pk) as stream, closing(reading_of(draft).table(stream)) as rows:
        for row in rows:
            numbers.discard(row.number)
            if not numbers:
                return
    if numbers:
        named = ", ".join(f"{number:,}" for number in sorted(numbers)[:5])
        raise errors.bad_fix(f"The file has no row {named}: there is no such line, or it is blank.")


def _cells_are_the_same(draft: LeadImport, reading: dict[str, Any]) -> bool:
    """Whether corrected rows still fit the file as it is read now."""
    before, after = draft.options, reading["options"]
    return (draft.encoding, draft.delimiter, before["header"], before["layout"]) == (
        reading["encoding"],
        reading["delimiter"],
        list(after["header"]),
        after["layout"],
    )


def _how_to_read(inspection: Inspection, options: ImportOptions, organization: Organization) -> dict[str, Any]:
    """Fields of the import that let a worker read the file as it was looked over, without deciding anything anew."""
    columns, layout = inspection.columns, inspection.layout
    tags = [tag.pk for tag in tags_named(organization, options.tags)]
    reading = {
        **layout.options,
        "header": columns.of_file,
        "targets": columns.targets[: columns.width],
        "inner": [
            {**inner._asdict(), "target": target}
            for inner, target in zip(columns.inner, columns.targets[columns.width :], strict=True)
        ],
        "tag_ids": tags,
        "words_found": inspection.words,
        "undecided": inspection.undecided,
    }
    return {
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "mapping": columns.matched,
        "options": {**asdict(options), **reading},
        "total_rows": inspection.rows,
    }


def _audit(action: str, lead_import: LeadImport, actor: Actor) -> None:
    options = lead_import.options
    after = {
        "status": lead_import.status,
        "rows": lead_import.total_rows,
        "file_size": lead_import.file_size,
        "on_existing": options["on_existing"],
        "unknown_columns": options["unknown_columns"],
        "tags": list(options["tags"]),
        "enroll_into": options.get("enroll_into"),
    }
    record(
        action=action,
        entity=lead_import,
        organization_id=lead_import.organization_id,
        actor=actor,
        after=after,
    )
