"""The usual way: csv, the same validation, bulk_create(update_conflicts) into leads alone.

    python -m bench.importing.reference FILE

No row as received, no staged row, no progress, no history of changes; a row with a problem is passed over.
"""

import csv
import json
import sys
import time
from collections.abc import Iterator
from itertools import batched
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402 - Django has to be set up before

from bench.importing.server import server_seconds  # noqa: E402
from campaigns_project.accounts.models import Organization  # noqa: E402
from leads.imports.fields import LEAD_FIELDS  # noqa: E402
from leads.imports.matching import match_columns  # noqa: E402
from leads.imports.reading import Row  # noqa: E402
from leads.imports.validating import CleanRow, RowValidator  # noqa: E402
from leads.models import Lead  # noqa: E402

BATCH = 10_000
UPDATED = [*(name for name in LEAD_FIELDS if name != "email"), "custom", "updated_at"]


def main(path: Path) -> None:
    """Import the file and say how long it took."""
    organization, _ = Organization.objects.get_or_create(slug="reference", defaults={"name": "Reference"})
    before, began, computed = server_seconds(connection), time.perf_counter(), time.process_time()
    rows = sum(_write(batch, organization) for batch in batched(_clean_rows(path), BATCH))
    figures = {
        "rows": rows,
        "seconds": time.perf_counter() - began,
        "client": time.process_time() - computed,
        "server": server_seconds(connection) - before,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def _clean_rows(path: Path) -> Iterator[CleanRow]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        check = RowValidator(match_columns(next(reader), file_name=path.name, unknown_columns="custom")).check
        for number, cells in enumerate(reader, start=2):
            found = check(Row(number, cells))
            if isinstance(found, CleanRow):
                yield found


def _write(batch: tuple[CleanRow, ...], organization: Organization) -> int:
    leads = {row.email_normalized: _lead(row, organization) for row in batch}  # no address twice in one statement
    Lead.objects.bulk_create(
        leads.values(),
        update_conflicts=True,
        unique_fields=["organization", "email_normalized"],
        update_fields=UPDATED,
    )
    return len(batch)


def _lead(row: CleanRow, organization: Organization) -> Lead:
    values: dict[str, str | None] = dict(zip(LEAD_FIELDS, row.values, strict=True))
    if "company_size" in values:
        values["company_size"] = values["company_size"] or None
    return Lead(organization=organization, email_normalized=row.email_normalized, custom=row.custom, **values)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
