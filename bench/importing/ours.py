"""Our way, in a process of its own as a worker has it: taken in, then run as the worker's task runs it.

python -m bench.importing.ours FILE ORGANIZATION           # take the file in and run it
python -m bench.importing.ours FILE ORGANIZATION --resume  # go on with the organization's last import
"""

import argparse
import json
import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402 - Django has to be set up before
from django.utils import timezone  # noqa: E402

from bench.deletion.memory import peak_from_here, resident  # noqa: E402
from bench.importing.server import server_seconds  # noqa: E402
from campaigns_project.accounts.models import Organization  # noqa: E402
from campaigns_project.audit.actors import SYSTEM  # noqa: E402
from leads.imports.options import ImportOptions  # noqa: E402
from leads.imports.receiving import receive  # noqa: E402
from leads.imports.running import run_import  # noqa: E402
from leads.models import LeadImport  # noqa: E402


def main() -> None:
    """Import the file and say what it took."""
    options = argparse.ArgumentParser()
    options.add_argument("file", type=Path)
    options.add_argument("organization")
    options.add_argument("--resume", action="store_true")
    given = options.parse_args()
    organization, _ = Organization.objects.get_or_create(slug=given.organization, defaults={"name": given.organization})
    before, computed, held = server_seconds(connection), time.process_time(), resident()
    began = time.perf_counter()
    with peak_from_here() as peak:
        made = organization.imports.latest("pk") if given.resume else _received(given.file, organization)
        receiving = time.perf_counter() - began
        done = run_import(lead_import_id=made.pk, now=timezone.now())
    figures = {
        "status": done.status,
        "rows": done.rows_done,
        "created": done.created_count,
        "updated": done.updated_count,
        "unchanged": done.unchanged_count,
        "problems": done.problem_count,
        "seconds": time.perf_counter() - began,
        "receiving": receiving,
        "client": time.process_time() - computed,
        "server": server_seconds(connection) - before,
        "before": held,
        "peak": peak(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def _received(file: Path, organization: Organization) -> LeadImport:
    with file.open("rb") as stream:
        return receive(
            organization=organization,
            stream=stream,
            file_name=file.name,
            options=ImportOptions(unknown_columns="custom"),
            actor=SYSTEM,
            now=timezone.now(),
            in_background=False,
            confirm_repeat=True,
        )


if __name__ == "__main__":
    main()
