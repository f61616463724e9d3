"""The second half of `make torture`: campaigns by every path, deletion under fire, and killed in the middle.

    python -m campaigns.tests.torture.deletion [--campaigns 10000] [--fires 5] [--kills 200] [--seed 1]

Exit code 0 when no id came twice, nobody else met an error, nothing was left and all counts were right; 1 when not.
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

    from campaigns.tests.torture.deletion import fire, kills, lives

    def tell(words: str) -> None:
        print(words, flush=True)

    print(f"torture of deletion with seed {options.seed}", flush=True)
    found = []
    if options.kills:
        killed = kills.Plan(kills=options.kills, seed=options.seed)
        found.append(kills.kill_in_mid_deletion(killed, folder=folder, tell=tell))
    if options.fires:
        burned = fire.Plan(campaigns=options.fires, seed=options.seed)
        found.append(fire.delete_under_fire(burned, folder=folder, tell=tell))
    if options.campaigns:
        found.append(lives.live_and_die(lives.Plan(campaigns=options.campaigns, seed=options.seed), tell=tell))
    for figures in found:
        print(figures)
    return 1 if any(figures.violations for figures in found) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture-delete")
    parser.add_argument("--campaigns", type=int, default=10_000, help="made and deleted by every path there is")
    parser.add_argument("--fires", type=int, default=5, help="campaigns deleted while everybody is at work")
    parser.add_argument("--kills", type=int, default=200, help="of workers in the middle of a deletion")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
