"""People that came as records instead of a file: the rows of an API request."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from leads.imports import errors
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.models import ImportSource, LeadImport

MOST_ROWS = 10_000  # of one request; more come as a file
_NAME = "API rows"


def receive_rows(
    *,
    organization: Organization,
    rows: Sequence[Mapping[str, Any]],
    options: ImportOptions,
    actor: Actor,
    created_by: User | None = None,
    now: datetime,
    name: str = _NAME,
    in_background: bool = True,
    as_draft: bool = False,
    confirm_repeat: bool = False,
) -> LeadImport:
    """Take in records as `receive` takes in a file: their names are the columns, the first of them is row 1.

    A record need not have every name. Raises `bad_rows` besides what `receive` raises.
    """
    return receive(
        organization=organization,
        stream=io.BytesIO(_as_csv(rows).encode("utf-8", "surrogatepass")),  # half a character is lost in its row alone
        file_name=name,
        options=_as_we_wrote_it(options),
        actor=actor,
        created_by=created_by,
        now=now,
        source=ImportSource.API,
        in_background=in_background,
        as_draft=as_draft,
        confirm_repeat=confirm_repeat,
    )


def _as_we_wrote_it(options: ImportOptions) -> ImportOptions:
    return replace(options, encoding="utf-8", delimiter=",", header_row=1)


def _as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    if len(rows) > MOST_ROWS:
        raise errors.bad_rows(f"{len(rows):,} rows in one request; {MOST_ROWS:,} is the limit.", max_rows=MOST_ROWS)
    header: dict[str, None] = {}
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise errors.bad_rows(f"Row {number:,} is no object.", row=number)
        header.update(dict.fromkeys(row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_as_text(row.get(name), number, name) for name in header])
    return out.getvalue()


def _as_text(value: Any, number: int, name: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case Mapping():
            return json.dumps(value, ensure_ascii=False)  # its keys are columns, as they are in a file
        case _:
            message = f"Row {number:,}, “{errors.shortened(name)}”: a list fits no field."
            raise errors.bad_rows(message, row=number, column=name)
