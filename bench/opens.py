"""Opens noted so that they survive a crash, beside the same picture without noting anything and beside the ORM.

    python -m bench.opens [--seconds 8] [--connections 128] [--processes 2]

Two server processes as `make run` starts one, and wrk (the package `wrk`) as the mail programs. All addresses are those
of one server and are asked by turns. The references are behind the whole middleware, which the pixel passes by; what
that alone is worth shows the same constant picture on the pixel's way. Everything has a database of its own, which is
gone at the end.
"""

import argparse
import http.client
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processor import watched
from bench.scratch import ROOT, fetch, run, scratch

TURNS = 3  # of each, the medians count
MAILS = 5_000
WARM_UP = 2  # seconds
SETTLING = 0.3  # seconds in which nothing more is recorded
LISTENS_WITHIN = 60.0  # seconds
SHARE, TIMES, MOST_MS = 0.5, 5.0, 50.0


@dataclass(frozen=True)
class Asked:
    """What wrk found."""

    requests: int
    microseconds: int
    p50: int
    p99: int
    errors: int

    @property
    def rate(self) -> float:
        return self.requests / self.microseconds * 1e6


@dataclass(frozen=True)
class Row:
    """A line of the table: ours and theirs as they are shown, and what is to be reached."""

    what: str
    ours: str
    theirs: str
    ratio: float
    reach: str
    is_reached: bool

    def line(self) -> str:
        verdict = "yes" if self.is_reached else "NO"
        return f"{self.what:44}{self.ours:>14}{self.theirs:>16}{self.ratio:9.2f}   {self.reach:<9}{verdict:>5}"


def main() -> None:
    """Print what each address answered a second, and what an open costs."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=8, help="of each turn")
    options.add_argument("--connections", type=int, default=128)
    options.add_argument("--processes", type=int, default=2)
    given = options.parse_args()
    with scratch() as folder:
        run("-m", "bench.opening.paths", str(MAILS), str(folder))
        with _server(given.processes) as port:
            found = _measure(port, folder, given)
    _tell(found)


def _measure(port: int, folder: Path, given: argparse.Namespace) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = defaultdict(list)
    names = ("constant", "short", "pixel", "orm")
    for name in names:
        _ask(name, port, folder, WARM_UP, given.connections)
    for _ in range(TURNS):
        for name in names:
            before = _settled()
            with watched(os.environ["DATABASE_URL"].rpartition("/")[2]) as usage:
                asked = _ask(name, port, folder, given.seconds, given.connections)
            _say(name, asked, usage.seconds())
            if asked.errors:
                raise SystemExit(f"{asked.errors} of {asked.requests} requests failed: no figure from this")
            # What was on its way as wrk ended is noted, and not among those it counts.
            new = _settled() - before
            wanted = asked.requests if name in ("pixel", "orm") else 0
            if not wanted <= new <= wanted + (given.connections if wanted else 0):
                raise SystemExit(f"{wanted} opens were answered, {new} are on record: no figure from this")
            found[name].append(asked)
    return found


def _say(name: str, asked: Asked, postgres: dict[str, float]) -> None:
    share = sum(postgres.values()) / asked.requests * 1e6
    times = f"half within {asked.p50 / 1e3:.1f} ms, 99 % within {asked.p99 / 1e3:.1f} ms"
    print(f"{name:10}{asked.rate:8,.0f}/s, {times}; {share:,.0f} us of Postgres for each")


def _settled() -> int:
    """How many opens are on record once those are that were on their way when wrk ended."""
    last = -1
    while last != (now := _recorded()):
        last = now
        time.sleep(SETTLING)
    return now


def _recorded() -> int:
    (count,) = fetch("SELECT (SELECT count(*) FROM tracking_raw_events) + (SELECT count(*) FROM email_tracking)")
    return int(str(count))


def _ask(name: str, port: int, folder: Path, seconds: int, connections: int) -> Asked:
    command = [
        _wrk(), "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s",
        "--timeout", "10s", "--script", str(folder / f"{name}.lua"), f"http://127.0.0.1:{port}",
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 60)
    return Asked(**json.loads(done.stdout.strip().rpartition("\n")[2]))


@contextmanager
def _server(processes: int) -> Iterator[int]:
    """The web on a free port; ended with the block."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = int(one.getsockname()[1])
    here = {
        "WEB_PORT": str(port), "WEB_HOST": "127.0.0.1", "DJANGO_SETTINGS_MODULE": "bench.opening.settings",
        "PUBLIC_URL": f"http://127.0.0.1:{port}", "ALLOWED_HOSTS": "127.0.0.1",
    }  # fmt: skip
    command = [sys.executable, "-m", "bench.opening.server", str(processes)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **here}) as server:
        try:
            _wait_for(server, port)
            yield port
        finally:
            server.terminate()


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + LISTENS_WITHIN
    while server.poll() is None and time.monotonic() < until:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            line.request("GET", "/bench/x/constant")
            if line.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            line.close()
    raise SystemExit("the web did not start")


def _wrk() -> str:
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("wrk is missing: install the package `wrk`.")
    return found


def _tell(found: dict[str, list[Asked]]) -> None:
    rate = {name: statistics.median(asked.rate for asked in turns) for name, turns in found.items()}
    p99 = {name: statistics.median(asked.p99 for asked in turns) / 1e3 for name, turns in found.items()}
    ours, constant, orm = (f"{rate[name]:,.0f}" for name in ("pixel", "constant", "orm"))
    share, times = rate["pixel"] / rate["constant"], rate["pixel"] / rate["orm"]
    print(f"\n{'what':44}{'ours':>14}{'reference':>16}{'ratio':>9}   {'to reach':<9}{'yes?':>5}")
    print(Row("opens/s, beside a constant picture", ours, constant, share, f">= {SHARE:g}", share >= SHARE).line())
    print(Row("the same, beside the ORM", ours, orm, times, f">= {TIMES:g}", times >= TIMES).line())
    late = p99["pixel"] / p99["constant"]
    within = (f"{p99['pixel']:,.1f}", f"{p99['constant']:,.1f}")
    print(Row("99 % of opens answered within, ms", *within, late, f"<= {MOST_MS:g} ms", p99["pixel"] <= MOST_MS).line())
    print(f"\na constant picture on the pixel's way: {rate['short']:,.0f}/s, ratio {rate['pixel'] / rate['short']:.2f}")
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
