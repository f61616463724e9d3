"""A large campaign deleted while others write, beside Django's cascade in Python on an equal copy of the same rows.

    python -m bench.delete [--recipients 1000000] [--events 3000000] [--others 20000]

Both delete the same rows, one after the other, each in a process of its own; what is made beforehand is in no figure.
While ours works, a probe writes to another campaign's rows in the same tables. Everything has a database of its own,
which is gone at the end.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.scratch import LIMIT, ROOT, fetch, run, scratch

SHARE = 0.4  # of the reference's time
MOST_MEMORY = 50.0  # MB that the process may grow by
LONGEST_WAIT = 100.0  # ms
ALONE = 3.0  # seconds that the probe writes before anything is deleted
# What both must have deleted as many of: our name for the rows, and the reference's.
COMPARED = {
    "events": "campaigns.CopiedEmailEvent",
    "messages": "campaigns.CopiedMessage",
    "recipients": "campaigns.CopiedRecipient",
}


@dataclass(frozen=True)
class Figure:
    """A line of the table: ours beside the reference as they are shown, and the number that must be below `reach`."""

    what: str
    ours: str
    reference: str
    number: float
    reach: float

    def line(self) -> str:
        verdict = "yes" if self.number <= self.reach else "NO"
        return f"{self.what:44}{self.ours:>14}{self.reference:>16}{self.number:9.2f}   <= {self.reach:<6g}{verdict:>5}"


class Probe:
    """Another campaign's writers, in a process of their own."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process
        self._hear()

    def stop(self) -> dict[str, dict[str, float]]:
        """End it; what it says of each kind of write."""
        assert self._process.stdin
        self._process.stdin.write("stop\n")
        self._process.stdin.flush()
        told: dict[str, dict[str, float]] = json.loads(self._hear())
        return told

    def _hear(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the probe ended before it was told to")
        return line


def main() -> None:
    """Run all of it and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--recipients", type=int, default=1_000_000)
    options.add_argument("--events", type=int, default=3_000_000)
    options.add_argument("--others", type=int, default=20_000, help="recipients of the campaign beside it")
    given = options.parse_args()
    with scratch():
        figures = _measured(given)
    print(f"\n{'what':44}{'ours':>14}{'reference':>16}{'':9}   {'to reach':<9}{'yes?':>5}")
    print("\n".join(figure.line() for figure in figures))
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


def _measured(given: argparse.Namespace) -> list[Figure]:
    filling = ("-m", "bench.deletion.fill", str(given.recipients), str(given.events), str(given.others))
    ids = json.loads(run(*filling))
    theirs = json.loads(run("-m", "bench.deletion.reference", str(ids["doomed"])))
    with probed(ids["other"]) as probe:
        time.sleep(ALONE)
        alone = probe.stop()
    with probed(ids["other"]) as probe:
        ours = json.loads(run("-m", "bench.deletion.ours", str(ids["doomed"])))
        beside = probe.stop()
    _check(ids, ours, theirs)
    _say(ours, theirs, alone, beside)
    return [
        Figure(
            f"{given.recipients:,} recipients, {given.events:,} events, s",
            f"{ours['seconds']:,.1f}",
            f"{theirs['seconds']:,.1f}",
            ours["seconds"] / theirs["seconds"],
            SHARE,
        ),
        Figure(
            "memory of the process grew by, MB",
            f"{ours['grown'] / 1e6:,.1f}",
            f"{theirs['grown'] / 1e6:,.1f}",
            ours["grown"] / 1e6,
            MOST_MEMORY,
        ),
        Figure(
            "longest write of others (before), ms",
            f"{_longest(beside):,.1f}",
            f"({_longest(alone):,.1f})",
            _longest(beside),
            LONGEST_WAIT,
        ),
        Figure(
            "the same without waits for the disk, ms",
            f"{_without_disk(beside):,.1f}",
            f"({_without_disk(alone):,.1f})",
            _without_disk(beside),
            LONGEST_WAIT,
        ),
        Figure("of them waited 100 ms for a lock", f"{_locked_out(beside):.0f}", "", _locked_out(beside), 0),
    ]


@contextmanager
def probed(campaign: int, environment: dict[str, str] | None = None) -> Iterator[Probe]:
    """A probe that writes to this campaign. Ended with the block or after LIMIT: one that hangs must not hang us."""
    command = [sys.executable, "-m", "bench.deletion.probe", str(campaign)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        try:
            yield Probe(process)
        finally:
            limit.cancel()
            process.kill()


def _check(ids: dict[str, int], ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """End the run when the two did not delete the same, or anything is left of it."""
    if ours["status"] != "succeeded":
        raise SystemExit(f"the deletion ended as {ours['status']}: no figure from this")
    for label, model in COMPARED.items():
        if ours["buried"][label] != theirs["by_model"][model]:
            raise SystemExit(
                f"{ours['buried'][label]} {label} and not {theirs['by_model'][model]}: no figure from this"
            )
    (buried,) = fetch("SELECT count(*) FROM campaign_tombstones WHERE id = %s", ids["doomed"])
    (left,) = fetch("SELECT count(*) FROM campaign_recipients WHERE campaign_id = %s", ids["doomed"])
    if (buried, left) != (1, 0):
        raise SystemExit(f"{buried} tombstones, {left} recipients left: no figure from this")


def _say(
    ours: dict[str, Any],
    theirs: dict[str, Any],
    alone: dict[str, dict[str, float]],
    beside: dict[str, dict[str, float]],
) -> None:
    print(f"rows of it: {sum(ours['removed'].values()):,}, counted in {ours['preview']:.1f} s", end="; ")
    print(f"the reference deleted {theirs['deleted']:,}")
    for kind, waits in beside.items():
        before = alone[kind]
        print(
            f"{kind}: {waits['writes']:,.0f} writes, median {_ms(waits['median'])} ({_ms(before['median'])} before),"
            f" of a thousand the longest {_ms(waits['p999'])}, of all {_ms(waits['longest'])};"
            f" {waits['late']:.0f} took longer than 100 ms, {waits['of_the_disk']:.0f} of them for the disk"
        )


def _longest(told: dict[str, dict[str, float]]) -> float:
    return max(waits["longest"] for waits in told.values()) * 1000


def _without_disk(told: dict[str, dict[str, float]]) -> float:
    return max(waits["elsewhere"] for waits in told.values()) * 1000


def _locked_out(told: dict[str, dict[str, float]]) -> float:
    return sum(waits["locked"] for waits in told.values())


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"


if __name__ == "__main__":
    main()
