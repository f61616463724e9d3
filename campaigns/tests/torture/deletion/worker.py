"""A worker that deletes: takes one turn at a job after the other until there is nothing more to do.

    python -m campaigns.tests.torture.deletion.worker JOB SECONDS

A turn lasts SECONDS. Killed at any time and started again, it goes on.
"""

import sys
from datetime import timedelta

import django


def main(job: str, seconds: str) -> None:
    django.setup()
    from django.utils import timezone

    from campaigns.deletion import delete_some

    while delete_some(job_id=int(job), now=timezone.now(), budget=timedelta(seconds=float(seconds))):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
