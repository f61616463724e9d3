"""What workers do with enrollments that are not through: go on, give way to others, give up what never works."""

import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.enrollment.booking import release_booked
from campaigns.enrollment.enroll import OPEN, fail_enrollment, go_on, queue_rest
from campaigns.enrollment.imported import note_enrollment
from campaigns.fetching.opened import remember
from campaigns.locks import SOON, AudienceTaken
from campaigns.models import Job
from campaigns.open_jobs import end_job, take_silent
from campaigns.task_names import ENROLL_REST
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.stopping import is_stopping

STALE_AFTER = timedelta(minutes=3)  # a batch takes seconds, and whoever waits for others is not long about it
LOOK_STALE_AFTER = timedelta(seconds=15)  # what is left of a look takes a moment; until then a mail may leave
CAME_AT = "came_at"  # in the state of a look's job, until those have left who booked a meeting meanwhile
OF_A_LOOK = OPEN & Q(state__has_key=CAME_AT)
MOST_ATTEMPTS = 5  # turns in a row that got nowhere: it kills its worker, or breaks off each time


def work_on_enrollment(*, job_id: int, now: datetime, budget: timedelta) -> bool:
    """Go on with an enrollment for `budget`; True when there is more to do at once.

    Where somebody else enrolls in the organization it is put off, and queued again for some seconds later.
    """
    ends = time.monotonic() + budget.total_seconds()
    jobs = Job.objects.filter(OPEN, pk=job_id)
    job = jobs.first()
    if job is None:
        return False
    attempts = job.state.get("attempts", 0) + 1
    if attempts > MOST_ATTEMPTS:
        message = f"It broke off {MOST_ATTEMPTS} times in a row; the log says more. Enroll the same people again."
        fail_enrollment(job, message=message)
        _note(job_id)
        return False
    # Counted before the work: a worker that is killed cannot say so.
    remember(jobs, fields={"status": ProgressStatus.RUNNING, "error_message": ""}, attempts=attempts)
    if CAME_AT in job.state:
        _release(job)
        return False
    try:
        while go_on(job_id=job_id, now=now, gives_way=True):
            if time.monotonic() >= ends or is_stopping():
                return True
    except AudienceTaken as taken:
        remember(jobs, fields={"status": ProgressStatus.QUEUED, "error_message": str(taken)}, attempts=0)
        queue_rest(job_id, after=SOON)
        return False
    except Refused:
        pass  # the job says so
    _note(job_id)
    return False


def release_after_look(campaign_id: int) -> None:
    """Behind the commit of a look, where a booking shows that was made while it went through everybody: these leave."""
    for job in Job.objects.filter(OF_A_LOOK, campaign=campaign_id):
        _release(job)


def take_cut_off() -> list[int]:
    """The enrollments whose worker, or web process, died (by the database's clock), to be queued again."""
    looks = take_silent(Job.objects.filter(OF_A_LOOK), after=LOOK_STALE_AFTER, task=ENROLL_REST)
    return looks + take_silent(Job.objects.filter(OPEN), after=STALE_AFTER, task=ENROLL_REST)


def _note(job_id: int) -> None:
    for over in Job.objects.filter(pk=job_id, status__in=ProgressStatus.ended):  # gone with its campaign, perhaps
        note_enrollment(over)


@transaction.atomic
def _release(job: Job) -> None:
    came_at = datetime.fromisoformat(job.state[CAME_AT])
    release_booked(campaign_id=job.campaign_id, came_at=came_at, at=timezone.now())
    end_job(job, ProgressStatus.SUCCEEDED, state={})
