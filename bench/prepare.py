"""What making a chunk of mails costs inside the engine: people read, values filled in, links signed.

    python -m bench.prepare [--chunk 250] [--turns 20] [--profile FILE]

The same campaign as in bench.send, by the function that the worker calls. No reference: bench.produce has one for the
mail itself, and this shows what comes on top of it.
"""

import argparse
import json
from pathlib import Path

from bench.scratch import run, scratch


def main() -> None:
    """Print the processor time of one mail, and what part of it the database's rows took."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--chunk", type=int, default=250)
    options.add_argument("--turns", type=int, default=20)
    options.add_argument("--profile", type=Path, metavar="FILE", help="cProfile of all turns")
    given = options.parse_args()
    profile = ["--profile", str(given.profile.resolve())] if given.profile else []
    with scratch():
        told = json.loads(run("-m", "bench.sending.preparing", str(given.chunk), str(given.turns), *profile))
    print(f"prepare(), chunks of {given.chunk}: {told['all']:,.0f} us of processor time for a mail")
    print(f"  of which reading rows {told['rows']:,.0f} us; a mail has {told['size']:,.0f} bytes")


if __name__ == "__main__":
    main()
