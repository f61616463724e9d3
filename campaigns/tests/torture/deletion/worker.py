"""Workers that delete, one after the other: each takes turns at a job; who is killed is followed by another.

    python -m campaigns.tests.torture.deletion.worker JOB SECONDS

A turn lasts SECONDS. They are forked from one process that has Django ready, so that a death costs milliseconds. Ends
with the job.
"""

import os
import sys
import time
from datetime import timedelta

import django
from django.db import Error, connection

PAUSE = 0.01  # seconds: what the dead one held is let go when Postgres has noticed


def main(job: str, seconds: str) -> None:
    django.setup()
    while not _has_ended(int(job)):
        connection.close()  # a fork must not share it
        pid = os.fork()
        if not pid:
            _delete(int(job), timedelta(seconds=float(seconds)))
            os._exit(0)
        os.waitpid(pid, 0)
        time.sleep(PAUSE)


def _has_ended(job: int) -> bool:
    from campaigns.models import Job
    from campaigns_project.states import ProgressStatus

    try:
        return Job.objects.filter(pk=job, status__in=ProgressStatus.ended).exists()
    except Error:  # whoever cuts the worker off may meet us
        return False


def _delete(job: int, budget: timedelta) -> None:
    from django.utils import timezone

    from campaigns.deletion import delete_some

    try:
        while delete_some(job_id=job, now=timezone.now(), budget=budget):
            pass
    except Error as error:  # its connection was cut: so ends a task, and is called again
        print(f"without database: {str(error).strip()}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
