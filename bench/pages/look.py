"""A large campaign, and the seconds its figures take to be read and to be counted. Prints them as JSON.

python -m bench.pages.look RECIPIENTS EVENTS
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.utils import timezone

from bench.large import seed
from campaigns.models import Campaign, CampaignTally
from campaigns.tallies import ask_for_counts, count_again, tally
from campaigns.tallies.kinds import count_of

READINGS = 50
COUNTS = 3
SHOWN = {
    "ledger": "the ledger, with each look at the page",
    "wordings": "messages by step and wording",
    "analytics": "events, people, wordings and days",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("recipients", type=int)
    options.add_argument("events", type=int)
    given = options.parse_args()
    campaign = Campaign.objects.get(pk=seed(recipients=given.recipients, events=given.events).pk)
    now = timezone.now()
    ask_for_counts(now=now)
    for asked in CampaignTally.objects.all():
        count_again(tally_id=asked.pk, now=now)
    print(json.dumps({words: _both(kind, campaign) for kind, words in SHOWN.items()}))


def _both(kind: str, campaign: Campaign) -> tuple[float, float]:
    """Seconds in the database: what was counted read, and counted again; ends without figures where they differ."""
    now = timezone.now()
    read = statistics.median(_seconds(lambda: tally(kind, campaign, now=now)) for _ in range(READINGS))
    counted = statistics.median(_seconds(lambda: count_of(kind)(campaign, now)) for _ in range(COUNTS))
    if json.loads(json.dumps(count_of(kind)(campaign, now))) != tally(kind, campaign, now=now).figures:
        raise SystemExit(f"{kind}: what is read is not what is counted; no figure from this")
    return read, counted


def _seconds(act: Callable[[], object]) -> float:
    spent = 0.0

    def timed(execute: Callable[..., Any], *given: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(*given)
        finally:
            spent += time.perf_counter() - began

    with connection.execute_wrapper(timed):
        act()
    return spent


if __name__ == "__main__":
    main()
