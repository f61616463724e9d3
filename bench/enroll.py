"""Everybody of an organization into a running campaign, and what others wait for meanwhile.

    python -m bench.enroll [--leads 1000000]

One in fifty is suppressed. No table has statistics, as right after a large import. There is no reference: what counts
is how long a transaction holds up who else enrolls, starts or stops, and how much memory is used. Everything has a
database of its own, which is gone at the end.
"""

import argparse
import json
import os
import platform

from bench.scratch import run, scratch


def main() -> None:
    """Print seconds, memory, the longest transaction, and the longest wait of others."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--leads", type=int, default=1_000_000)
    leads = options.parse_args().leads
    with scratch():
        found = json.loads(run("-m", "bench.enrolling.large", str(leads)))
    seconds, (before, most) = found["seconds"], found["megabytes"]
    print(f"\n{found['enrolled']:,} of {leads:,} enrolled in {sum(seconds):.1f} s, in {len(seconds)} transactions")
    print(f"the first took {seconds[0]:.1f} s, the longest {max(seconds):.1f} s")
    print(f"most memory of the process {most:.0f} MB, {before:.0f} MB before")
    print("longest wait of others meanwhile, ms:")
    for name, wait in found["beside"].items():
        print(f"    {name:40}{wait * 1000:8.0f}")
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
