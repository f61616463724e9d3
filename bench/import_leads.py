"""A CSV of a million people imported through raw, staged and lead, beside csv and bulk_create into leads alone.

    python -m bench.import_leads [--rows 1000000]

Each has a process and a database of its own, one after the other; what is made beforehand is in no figure. Ours counts
from the file as it comes to the last lead. Then the same file once more, which changes nothing, and once more for
another organization with the worker killed in the middle and the import gone on with: every row must be there once.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench.importing.people import write_people
from bench.scratch import LIMIT, ROOT, fetch, run, scratch

TIMES = 2.0  # as many rows a second as the reference
MOST_MEMORY = 120.0  # MB that our process holds at most, Django and all
KILLED_AT = 0.4  # of the rows

_KEPT = """
SELECT
    (SELECT count(*) FROM raw_leads WHERE lead_import_id = made.id),
    (SELECT count(DISTINCT row_number) FROM raw_leads WHERE lead_import_id = made.id),
    (SELECT count(*) FROM staged_leads WHERE lead_import_id = made.id),
    (SELECT count(*) FROM leads WHERE lead_import_id = made.id)
FROM lead_imports AS made JOIN organizations ON organizations.id = made.organization_id
WHERE organizations.slug = %s ORDER BY made.id DESC LIMIT 1
"""
_DONE = """
SELECT rows_done FROM lead_imports JOIN organizations ON organizations.id = organization_id WHERE slug = 'killed'
"""


def main() -> None:
    """Run all of it and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000)
    rows = options.parse_args().rows
    with _database_of_its_own() as folder:
        file = _file(folder, rows)
        theirs = json.loads(run("-m", "bench.importing.reference", str(file)))
    with _database_of_its_own() as folder:
        file = _file(folder, rows)
        ours = _checked("ours", json.loads(run("-m", "bench.importing.ours", str(file), "ours")))
        again = _checked("ours", json.loads(run("-m", "bench.importing.ours", str(file), "ours")))
        resumed = _killed_and_resumed(file, rows)
    _print(rows, ours, theirs, again, resumed)


@contextmanager
def _database_of_its_own() -> Iterator[Path]:
    """A scratch database that leaves the environment as it was, so that another can follow."""
    before = dict(os.environ)
    with scratch() as folder:
        yield folder
    os.environ.clear()
    os.environ.update(before)


def _file(folder: Path, rows: int) -> Path:
    file = folder / "people.csv"
    write_people(file, rows)
    return file


def _killed_and_resumed(file: Path, rows: int) -> dict[str, Any]:
    """What a second worker made of an import whose first one was killed; `behind` says where."""
    command = [sys.executable, "-m", "bench.importing.ours", str(file), "killed"]
    until = time.monotonic() + LIMIT
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as worker:
        while _rows_done() < KILLED_AT * rows and worker.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        worker.send_signal(signal.SIGKILL)
    behind = _rows_done()
    _let_it_be_taken_over()
    resumed = _checked("killed", json.loads(run("-m", "bench.importing.ours", str(file), "killed", "--resume")))
    return {**resumed, "behind": behind}


def _rows_done() -> int:
    found = fetch(_DONE)
    return int(str(found[0])) if found else 0


def _let_it_be_taken_over() -> None:
    """As if the minutes had gone by after which a silent worker counts as dead."""
    try:
        fetch("UPDATE lead_imports SET heartbeat_at = now() - interval '1 hour' WHERE status = 'running' RETURNING id")
    except psycopg.Error as error:
        raise SystemExit(f"the killed import cannot be taken over: {error}") from None


def _checked(organization: str, figures: dict[str, Any]) -> dict[str, Any]:
    """End the run when a row is missing or there twice, or the import did not end well."""
    raw, numbers, staged, leads = fetch(_KEPT, organization)
    counted = figures["created"] + figures["updated"] + figures["unchanged"] + figures["problems"]
    wanted = (figures["rows"], figures["rows"], figures["rows"], figures["created"])
    if figures["status"] != "succeeded" or counted != figures["rows"] or (raw, numbers, staged, leads) != wanted:
        raise SystemExit(
            f"{figures}; raw {raw}, of them {numbers}, staged {staged}, leads {leads}: no figure from this"
        )
    return figures


def _print(
    rows: int, ours: dict[str, Any], theirs: dict[str, Any], again: dict[str, Any], resumed: dict[str, Any]
) -> None:
    speeds = [rows / figures["seconds"] for figures in (ours, theirs)]
    ratio = speeds[0] / speeds[1]
    print(f"\n{'what':44}{'ours':>12}{'reference':>12}{'ratio':>9}   to reach")
    print(
        f"{'rows a second':44}{speeds[0]:12,.0f}{speeds[1]:12,.0f}{ratio:9.2f}   >= {TIMES:g} {_said(ratio >= TIMES)}"
    )
    peak = ours["peak"] / 1e6
    print(f"{'memory at most, MB':44}{peak:12,.0f}{'':21}   <= {MOST_MEMORY:g} {_said(peak <= MOST_MEMORY)}")
    print(f"{'  of that before the import began':44}{ours['before'] / 1e6:12,.0f}")
    print(f"{'processor of ours, of the database, us a row':44}{_costs(ours, rows):>12}{_costs(theirs, rows):>12}")
    print(f"{'  taking the file in, of our seconds':44}{ours['receiving']:8,.1f} of {ours['seconds']:,.1f}")
    changed = again["created"] + again["updated"]
    faster = ours["seconds"] / again["seconds"]
    print(f"{'the same file again, rows a second':44}{rows / again['seconds']:12,.0f}{'':12}{faster:9.2f}   ", end="")
    print(f"changes nothing {_said(not changed)}")
    print(f"killed after {resumed['behind']:,} rows and gone on with: {resumed['rows']:,} rows, each of them once")
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


def _costs(figures: dict[str, Any], rows: int) -> str:
    return f"{figures['client'] / rows * 1e6:.0f} + {figures['server'] / rows * 1e6:.0f}"


def _said(is_reached: bool) -> str:
    return "yes" if is_reached else "NO"


if __name__ == "__main__":
    main()
