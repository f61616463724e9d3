"""The page and the figures of a campaign of a million people, beside counting its rows each time.

    python -m bench.campaign_page [--recipients 1000000] [--events 3000000]

Everything has a database of its own, which is gone at the end. The times are those of the statements alone, medians.
"""

import argparse
import json
import os
import platform

from bench.scratch import run, scratch

TIMES = 100.0  # as quick as counting


def main() -> None:
    """Print what reading takes beside counting, and how long a worker counts."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--recipients", type=int, default=1_000_000)
    options.add_argument("--events", type=int, default=3_000_000)
    given = options.parse_args()
    with scratch():
        looked = json.loads(run("-m", "bench.pages.look", str(given.recipients), str(given.events)))
    print(f"\n{'what':44}{'read, ms':>12}{'counted, ms':>14}{'times':>9}   to reach")
    for what, (read, counted) in looked.items():
        verdict = "yes" if counted >= TIMES * read else "NO"
        print(f"{what:44}{read * 1e3:12.2f}{counted * 1e3:14,.0f}{counted / read:9,.0f}   >= {TIMES:g} {verdict}")
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
