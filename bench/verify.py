"""What it takes to verify a large, sound database: all of verify_schema.

    python -m bench.verify [--recipients 1000000] [--events 3000000]

Two organizations with half of them each, in a database of its own that is gone at the end. There is no reference: the
figures to reach are those of the promise, a minute and 300 MB for all of verify_schema.
"""

import argparse
import json

from bench.scratch import run, scratch

MINUTE = 60.0
MEMORY = 300_000_000


def main() -> None:
    """Print the seconds of each check and the most memory; ends without figures when anything is found."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--recipients", type=int, default=1_000_000)
    options.add_argument("--events", type=int, default=3_000_000)
    given = options.parse_args()
    with scratch():
        rows = json.loads(run("-m", "bench.verifying.fill", str(given.recipients), str(given.events)))
        looked = json.loads(run("-m", "bench.verifying.look"))
    if looked["findings"]:
        raise SystemExit(f"A sound database, and something was found: {json.dumps(looked['findings'], indent=2)}")
    print(", ".join(f"{number:,} {what}" for what, number in rows.items()))
    for name, seconds in looked["seconds"].items():
        print(f"  {name:28}{seconds:8.2f} s")
    _tell("all of it", sum(looked["seconds"].values()), MINUTE, "s")
    memory = looked["ours"] + looked["server"]
    print(
        f"most memory: {looked['ours'] / 1e6:.0f} MB of ours, {looked['server'] / 1e6:.0f} MB of the server's sessions"
    )
    _tell("together", memory / 1e6, MEMORY / 1e6, "MB")


def _tell(what: str, figure: float, reach: float, unit: str) -> None:
    print(f"{what}: {figure:.1f} {unit}, to be under {reach:g} {unit}: {'yes' if figure < reach else 'NO'}")


if __name__ == "__main__":
    main()
