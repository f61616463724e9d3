"""A worker process: one lane, turn after turn, as the task cluster runs it, until nothing is due.

    python -m bench.sending.worker LANE [--profile FILE]

Says `ready` when it is, waits for a line, works, and prints what it did as JSON. `began` and `ended` are of the
machine's monotonic clock, which all processes share.
"""

import argparse
import cProfile
import json
import os
import re
import sys
import time
from pathlib import Path

from django.db import connection

from campaigns.sending.work import work


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("lane", type=int)
    options.add_argument("--profile", type=Path)
    given = options.parse_args()
    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    profile = cProfile.Profile() if given.profile else None
    if profile:
        profile.enable()
    began, cpu = time.monotonic(), time.process_time()
    settled = _until_nothing_is_due(given.lane)
    done = {
        "began": began,
        "ended": time.monotonic(),
        "cpu": time.process_time() - cpu,
        "settled": settled,
        "peak": peak_memory(),
    }
    if profile:
        profile.disable()
        profile.dump_stats(given.profile)
    print(json.dumps(done), flush=True)


def _until_nothing_is_due(lane: int) -> int:
    settled = 0
    while more := work(lane=lane):
        settled += more
    return settled


def peak_memory() -> int:
    """The most memory this process ever held, in bytes.

    Not from getrusage(), whose figure begins with that of the process which started this one.
    """
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{os.getpid()}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
