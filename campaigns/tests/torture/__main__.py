"""`make torture`: hundreds of kills, and restarts of a Postgres of its own; prints what came of it.

    python -m campaigns.tests.torture --kills 300 --restarts 2 --people 2000 --seconds 540 --seed 1

Exit code 0 when nothing was sent twice, nothing lost and the sums held; 1 when not.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="fairlead-torture-") as name:
        # Before Django reads its settings: everything is in this folder, the database too.
        os.environ.update(VAR_DIR=name, DJANGO_SETTINGS_MODULE="campaigns_project.settings.test")
        os.environ.pop("DATABASE_URL", None)
        try:
            return _run(options, Path(name))
        finally:
            from campaigns_project.database import embedded

            embedded.stop()


def _run(options: argparse.Namespace, folder: Path) -> int:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from django.db import connection

    from campaigns.tests.torture.fire import Plan, torture

    def restart() -> None:
        from campaigns_project.database import embedded

        embedded.stop()
        embedded.url()
        connection.close()

    plan = Plan(
        people=options.people,
        kills=options.kills,
        seconds=options.seconds,
        seed=options.seed,
        clusters=options.clusters,
        restarts=options.restarts,
        restart=restart,
    )
    print(f"torture with seed {options.seed}: up to {options.kills} kills in {options.seconds:.0f} s")
    figures = torture(plan, folder=folder, tell=lambda words: print(words, flush=True))
    print(figures)
    return 1 if figures.violations else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture")
    parser.add_argument("--people", type=int, default=2_000, help="recipients of each campaign; each gets two mails")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--restarts", type=int, default=2, help="of Postgres, in each campaign")
    parser.add_argument("--clusters", type=int, default=0, help="real run_workers to kill from, instead of bare lanes")
    parser.add_argument("--seconds", type=float, default=540.0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
