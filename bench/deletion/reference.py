"""The reference: Django's cascade in Python, by `Campaign.delete()` on an equal copy. Prints seconds and bytes as JSON.

    python -m bench.deletion.reference CAMPAIGN

The copy is made first and is not in the figure.
"""

import json
import sys
import time

from bench.deletion.copying import copied_models, copy_tables
from bench.deletion.memory import peak_from_here, resident
from campaigns.models import Campaign


def main(campaign: str) -> None:
    copy_tables()
    copies = copied_models()
    doomed = copies[Campaign]._base_manager.get(pk=int(campaign))
    before = resident()
    with peak_from_here() as peak:
        began = time.monotonic()
        deleted, by_model = doomed.delete()
        seconds = time.monotonic() - began
    left = {model.__name__: copy._base_manager.count() for model, copy in copies.items()}
    told = {"seconds": seconds, "grown": peak() - before, "deleted": deleted, "by_model": by_model, "left": left}
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
