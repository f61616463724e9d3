"""Lists, searches, filters and counts at 1,000,000 leads.

    python -m bench.leads [--leads 1000000]

In a database of its own that is gone at the end. There is no reference: each is to stay under 100 ms in the database.
"""

import argparse
import json

from bench.scratch import run, scratch

REACH = 100.0  # milliseconds


def main() -> None:
    """Print what each costs, the slowest first."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--leads", type=int, default=1_000_000)
    given = options.parse_args()
    with scratch():
        made = json.loads(run("-m", "bench.leads.fill", str(given.leads)))
        found = json.loads(run("-m", "bench.leads.look"))
    print(
        f"{made['leads']:,} leads; {made['ranked']:,} ranked in {made['seconds']:.1f} s, again in {made['again']:.1f} s"
    )
    for name, each in sorted(found.items(), key=lambda item: -item[1]["ms"]):
        mark = " " if each["ms"] < REACH else "!"
        said = f" {each['said']}" if each["said"] else ""
        print(f"{mark} {each['ms']:7.1f} ms {each['queries']:3} queries  {name}{said}  [{each['plan']}]")


if __name__ == "__main__":
    main()
