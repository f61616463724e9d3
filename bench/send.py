"""A campaign sent from end to end, beside Postfix's smtp-source and beside a loop with Django's ORM and mail backend.

    python -m bench.send [--recipients 20000] [--workers 2] [--memory] [--profile FILE]

Two worker processes send a campaign of personal mails, as the task cluster would, to Postfix's smtp-sink on this
machine; smtp-source sends as many to the same sink right before and right after. Everything has a database and a
folder of its own, which are gone at the end.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import one_connection, postfix, produce
from bench.processor import watched
from bench.scratch import LIMIT, ROOT, fetch, run, scratch

BY_ORM = 500  # mails of the loop: it takes milliseconds for each
FEW, MANY = 10_000, 200_000  # recipients between which memory is to stay flat
FLAT = 1.1  # times the memory at FEW
WARM_UP = 200


@dataclass(frozen=True)
class Row:
    """A line of the table: ours and theirs as they are shown, and their ratio with what it is to be."""

    what: str
    ours: str
    theirs: str
    ratio: float
    reach: float
    at_most: bool = False

    def line(self) -> str:
        reached = self.ratio <= self.reach if self.at_most else self.ratio >= self.reach
        sign = "<=" if self.at_most else ">="
        verdict = "yes" if reached else "NO"
        return f"{self.what:44}{self.ours:>14}{self.theirs:>16}{self.ratio:9.2f}   {sign} {self.reach:<6g}{verdict:>5}"


@dataclass(frozen=True)
class Sent:
    """A campaign that was sent: how fast, with how much memory, and who used the processor (seconds)."""

    mails: int
    seconds: float
    peak: int
    processor: dict[str, float]

    @property
    def rate(self) -> float:
        return self.mails / self.seconds


def main() -> None:
    """Run all of it and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--recipients", type=int, default=20_000)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--senders", type=int, default=4)
    options.add_argument("--memory", action="store_true", help=f"also with {MANY:,} recipients; takes minutes")
    options.add_argument("--profile", type=Path, metavar="FILE", help="cProfile of the first worker")
    options.add_argument("--only", action="store_true", help="the campaign and smtp-source alone")
    given = options.parse_args()
    with scratch() as folder, postfix.sink(folder) as sink:
        rows = _campaign(given, sink)
        if not given.only:
            rows += [_memory(given, sink)] if given.memory else []
            rows += _others()
    print(f"\n{'what':44}{'ours':>14}{'reference':>16}{'ratio':>9}   {'to reach':<9}{'yes?':>5}")
    print("\n".join(row.line() for row in rows))
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


def _campaign(given: argparse.Namespace, sink: postfix.Sink) -> list[Row]:
    send(sink, WARM_UP, given)
    before = postfix.source(sink.port, given.recipients)
    ours = send(sink, given.recipients, given, profile=given.profile)
    after = postfix.source(sink.port, given.recipients)
    theirs = (before + after) / 2
    _say(ours, before, after)
    rows = [Row("campaign end to end, mails/s", f"{ours.rate:,.0f}", f"{theirs:,.0f}", ours.rate / theirs, 0.6)]
    if not given.only:
        loop = by_orm(sink)
        rows.append(
            Row("the same, beside a loop with the ORM", f"{ours.rate:,.0f}", f"{loop:,.1f}", ours.rate / loop, 30)
        )
    return rows


def send(sink: postfix.Sink, recipients: int, given: argparse.Namespace, *, profile: Path | None = None) -> Sent:
    """Send a campaign to `recipients` people; ends the run when not every one of them got exactly one mail."""
    campaign = run("-m", "bench.sending.fill", str(recipients), str(sink.port), "--senders", str(given.senders))
    arrived = sink.mails()
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(lane, None if lane else profile)) for lane in range(given.workers)]
        for worker in workers:
            _hear(worker)
        database = os.environ["DATABASE_URL"].rpartition("/")[2]
        usage = stack.enter_context(watched(database, sink=sink.process.pid))
        for worker in workers:
            _tell(worker, "go")
        told = [json.loads(_hear(worker)) for worker in workers]
    arrived = sink.mails() - arrived
    _check(recipients, arrived, campaign)
    return Sent(
        mails=recipients,
        seconds=max(one["ended"] for one in told) - min(one["began"] for one in told),
        peak=max(one["peak"] for one in told),
        processor={"workers": sum(one["cpu"] for one in told), **usage.seconds()},
    )


@contextmanager
def _worker(lane: int, profile: Path | None) -> Iterator[subprocess.Popen[str]]:
    """A worker process, ended with the block or after LIMIT: one that hangs must not make the run hang."""
    extra = ["--profile", str(profile.resolve())] if profile else []
    command = [sys.executable, "-m", "bench.sending.worker", str(lane), *extra]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        try:
            yield process
        finally:
            limit.cancel()
            process.kill()


def _tell(worker: Any, line: str) -> None:
    worker.stdin.write(f"{line}\n")
    worker.stdin.flush()


def _hear(worker: Any) -> str:
    """The next line a worker says; ends the run when it says nothing any more."""
    line = worker.stdout.readline()
    if not line:
        raise SystemExit("a worker ended before its work was done")
    return str(line)


def _check(recipients: int, arrived: int, campaign: str) -> None:
    query = "SELECT count(*) FROM campaign_messages m JOIN campaign_recipients r ON r.id = m.recipient_id"
    (sent,) = fetch(f"{query} WHERE r.campaign_id = %s AND m.status = 'sent'", int(campaign))
    if not sent == arrived == recipients:
        raise SystemExit(f"{recipients} recipients, {arrived} mails arrived, {sent} are on record: no figure from this")


def by_orm(sink: postfix.Sink) -> float:
    """Mails a second of the loop."""
    campaign = run("-m", "bench.sending.fill", str(BY_ORM), str(sink.port))
    arrived = sink.mails()
    rate = float(run("-m", "bench.sending.by_orm", campaign, str(sink.port)))
    _check(BY_ORM, sink.mails() - arrived, campaign)
    return rate


def _memory(given: argparse.Namespace, sink: postfix.Sink) -> Row:
    few, many = (send(sink, recipients, given).peak / 2**20 for recipients in (FEW, MANY))
    what = f"memory of a worker, {MANY:,} for {FEW:,}"
    return Row(what, f"{many:,.0f} MB", f"{few:,.0f} MB", many / few, FLAT, at_most=True)


def _others() -> list[Row]:
    theirs, ours = one_connection.measure(mails=300, delay=0.005)
    rows = [
        Row("one connection at 5 ms, mails/s", f"{ours:,.0f}", f"{theirs:,.0f}", ours / theirs, one_connection.REACH)
    ]
    for label, theirs, ours, reach in produce.measure(500):
        what = f"producing one mail, {label}, us"
        rows.append(Row(what, f"{ours * 1e6:,.0f}", f"{theirs * 1e6:,.0f}", theirs / ours, reach))
    return rows


def _say(ours: Sent, before: float, after: float) -> None:
    print(f"{ours.mails:,} mails in {ours.seconds:.1f} s; smtp-source {before:,.0f} before, {after:,.0f} after")
    shares = (f"{kind} {seconds / ours.mails * 1e6:,.0f} us" for kind, seconds in sorted(ours.processor.items()))
    print(f"processor time for a mail: {', '.join(shares)}; most memory of a worker {ours.peak / 2**20:,.0f} MB")


if __name__ == "__main__":
    main()
