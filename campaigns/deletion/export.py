"""Everything of a campaign as one ZIP of CSV and JSON, to be kept before it is deleted."""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from campaigns.deletion.exported_content import campaign_content
from campaigns.deletion.snapshots import held_rows
from campaigns.deletion.zipping import StreamedZip
from campaigns.exported import exported_tables
from campaigns.models import Campaign
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.formulas import MARK, guard

FORMAT = "fairlead-campaign/1"
ZIP_TYPE = "application/zip"
PIECE = 2_000  # rows made into text at a time


def export_campaign(*, campaign: Campaign, into: Path, actor: Actor, now: datetime) -> Path:
    """Write the archive into the folder `into` and return where it is.

    It gets its name when it is complete: what has no `.part` behind it is whole. OSError where it cannot be written.
    """
    into.mkdir(parents=True, exist_ok=True)
    path = into / export_name(campaign, now)
    part = path.with_name(f"{path.name}.part")
    # Opened by its own mode rather than the umask's: people's data is for whoever asked for it.
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        try:
            for piece in stream_export(campaign=campaign, actor=actor, now=now):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
    return part.rename(path)


def stream_export(*, campaign: Campaign, actor: Actor, now: datetime) -> Iterator[bytes]:
    """The same archive piece by piece, in constant memory: all tables as they stood at one moment.

    The record in the audit log is written before the first piece: what has begun to leave has left.
    """
    with transaction.atomic():
        record(
            action="campaign.exported",
            entity=campaign,
            organization_id=campaign.organization_id,
            actor=actor,
            after={"recipients": campaign.total_recipients},
        )
    return _archive(campaign, now)


def export_name(campaign: Campaign, now: datetime) -> str:
    """What the archive is called: the campaign's ID and the time in UTC."""
    return f"campaign-{campaign.campaign_id}-{now.astimezone(UTC):%Y%m%d-%H%M%S}.zip"


def _archive(campaign: Campaign, now: datetime) -> Iterator[bytes]:
    tables = exported_tables()
    queries = {table.file: table.rows(campaign) for table in tables}
    with held_rows(queries, read=partial(campaign_content, campaign.pk)) as (held, content):
        archive = StreamedZip()
        yield from archive.add("campaign.json", _document(content), is_table=False)
        for table in tables:
            yield from archive.add(table.file, _lines(list(table.columns), held[table.file]))
    manifest = {
        "format": FORMAT,
        "campaign": {"id": campaign.pk, "campaign_id": campaign.campaign_id, "name": campaign.name},
        "exported_at": now,
        "files": [file.as_dict() for file in archive.packed],
    }
    yield from archive.add("manifest.json", _document(manifest), is_table=False)
    yield from archive.close()


def _document(content: dict[str, Any]) -> Iterator[tuple[bytes, int]]:
    yield json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2).encode(), 0


def _lines(header: Sequence[str], rows: Any) -> Iterator[tuple[bytes, int]]:
    """CSV after RFC 4180; cells that a spreadsheet would run as a formula are disarmed, as in every CSV of ours."""
    yield MARK.encode() + _written([header]), 0
    while page := rows.fetchmany(PIECE):
        yield _written([_cell(value) for value in row] for row in page), len(page)


def _written(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return guard(value)
    return "" if value is None else str(value)
