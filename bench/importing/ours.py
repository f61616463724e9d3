"""Our way, in a process of its own as a worker has it: taken in, then run by the worker's task.

python -m bench.importing.ours FILE
"""

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


def main(path: Path) -> None:
    """Import the file and say what it took."""
    organization, _ = Organization.objects.get_or_create(slug="ours", defaults={"name": "Ours"})
    before, computed, held = server_seconds(connection), time.process_time(), resident()
    began = time.perf_counter()
    with peak_from_here() as peak, path.open("rb") as stream:
        lead_import = receive(
            organization=organization,
            stream=stream,
            file_name=path.name,
            options=ImportOptions(unknown_columns="custom"),
            actor=SYSTEM,
            now=timezone.now(),
            in_background=False,
            confirm_repeat=True,
        )
        received = time.perf_counter() - began
        done = run_import(lead_import_id=lead_import.pk, now=timezone.now())
    figures = {
        "rows": done.rows_done,
        "created": done.created_count,
        "updated": done.updated_count,
        "unchanged": done.unchanged_count,
        "problems": done.problem_count,
        "seconds": time.perf_counter() - began,
        "receiving": received,
        "client": time.process_time() - computed,
        "server": server_seconds(connection) - before,
        "before": held,
        "peak": peak(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
