"""Makes the mails of one claimed chunk again and again. Prints the microseconds of a mail as JSON.

python -m bench.sending.preparing CHUNK TURNS [--profile FILE]
"""

import argparse
import cProfile
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from bench.sending.fill import due_campaign
from campaigns.merge_values import people_of
from campaigns.models import Campaign, Sender
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.prepare import prepare


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("chunk", type=int)
    options.add_argument("turns", type=int)
    options.add_argument("--profile", type=Path)
    given = options.parse_args()
    campaign = Campaign.objects.select_related("organization").get(pk=due_campaign(given.chunk, port=25, senders=2).pk)
    now = timezone.now()
    senders = Sender.objects.filter(campaign_senders__campaign=campaign).in_bulk()
    wordings = Wordings.of(campaign)
    claims = claim(campaign=campaign, wordings=wordings, senders=list(senders.values()), limit=given.chunk, now=now)
    batch = prepare(
        campaign, claims, wordings=wordings, senders=senders, now=now
    )  # compiles the wording, stores the links
    if batch.unmade or len(batch.prepared) != given.chunk:
        raise SystemExit(f"{len(batch.prepared)} of {given.chunk} mails could be made")
    ids = [one.recipient for one in claims]
    profile = cProfile.Profile() if given.profile else None
    if profile:
        profile.enable()
    whole = _measured(lambda: prepare(campaign, claims, wordings=wordings, senders=senders, now=now), given.turns)
    if profile:
        profile.disable()
        profile.dump_stats(given.profile)
    rows = _measured(lambda: people_of(ids), given.turns)
    size = statistics.mean(len(one.envelope.data) for one in batch.prepared)
    print(json.dumps({"all": whole / given.chunk * 1e6, "rows": rows / given.chunk * 1e6, "size": size}))


def _measured(act: Callable[[], object], turns: int) -> float:
    """Seconds of this process's processor time; the median, since other people use the machine too."""
    taken = []
    for _ in range(turns):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
