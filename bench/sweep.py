"""Taking whoever must leave out of a million active recipients, beside a loop over them row by row.

    python -m bench.sweep [--recipients 1000000] [--looped 20000]

One in twenty has to leave, for one of four reasons. The loop goes over fewer people, and both are told by the person.
Everything has a database of its own, which is gone at the end.
"""

import argparse
import json
import os
import platform

from bench.scratch import run, scratch

TIMES = 20.0  # as quick as the loop


def main() -> None:
    """Print what either takes for a thousand people who are in, and how many times as quick ours is."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--recipients", type=int, default=1_000_000)
    options.add_argument("--looped", type=int, default=20_000)
    given = options.parse_args()
    with scratch():
        found = json.loads(run("-m", "bench.sweeping.both", str(given.recipients), str(given.looped)))
    ours, loop = found["swept_s"] / given.recipients * 1e6, found["looped_s"] / given.looped * 1e6
    verdict = "yes" if loop >= TIMES * ours else "NO"
    print(f"\n{'':28}{'people':>12}{'removed':>10}{'seconds':>10}{'ms per 1,000':>14}")
    print(f"{'a run':28}{given.recipients:12,}{found['swept']:10,}{found['swept_s']:10.2f}{ours:14.1f}")
    print(f"{'a loop, row by row':28}{given.looped:12,}{found['looped']:10,}{found['looped_s']:10.2f}{loop:14.1f}")
    print(f"{'times as quick':28}{loop / ours:12.0f}   to reach >= {TIMES:g} {verdict}")
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
