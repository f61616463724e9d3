"""What django-q runs for campaigns. A task takes ids, may run twice, and must not mind."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.utils import timezone

from campaigns import automatic
from campaigns.de_enrollment import fail_run, work_on_run
from campaigns.de_enrollment.asking import enqueue as enqueue_run
from campaigns.deletion.organization import erase_some
from campaigns.deletion.request import enqueue as enqueue_deletion
from campaigns.deletion.stalled import note_failure, take_stalled_deletions
from campaigns.deletion.work import delete_some
from campaigns.enrollment import finishing, imported
from campaigns.enrollment.enroll import note_broken_off, queue_rest
from campaigns.fetching.opened import enqueue as enqueue_fetch
from campaigns.fetching.work import note_failure as note_fetch_failure
from campaigns.fetching.work import take_waiting, work_on_fetch
from campaigns.models import Job, JobKind
from campaigns.preflight.jobs import enqueue as enqueue_check
from campaigns.preflight.jobs import fail_check, run_check, take_stalled
from campaigns.providers.instantly.wanted import queue as queue_handover
from campaigns.providers.instantly.work import note_failure as note_handover_failure
from campaigns.providers.instantly.work import work_on
from campaigns.ranking import run_ranking
from campaigns.ranking.asking import enqueue as enqueue_ranking
from campaigns.ranking.asking import fail_ranking
from campaigns.ranking.asking import take_stalled as stalled_rankings
from campaigns.sending.dispatch import enqueue
from campaigns.sending.work import due_campaigns, work
from campaigns.tallies import count_again
from campaigns_project.faults import what_broke

TURN = timedelta(seconds=20)  # of what takes longer, of the 300 s a task may take; others want the worker too


def send_due(lane: int) -> int:
    """One turn of a sending lane; queues the next while there is more. Answers how many messages were settled."""
    settled = work(lane=lane)
    if settled and due_campaigns(now=timezone.now()):
        enqueue(lane)
    return settled


def check_campaign(job_id: int) -> bool:
    """A turn of a full pre-flight check; queues the next while there is more. False when it has ended."""
    return _turn(
        partial(run_check, job_id=job_id, now=timezone.now(), budget=TURN),
        go_on=partial(enqueue_check, job_id),
        note=partial(fail_check, job_id=job_id),
        broke_off="The check broke off.",
    )


def enroll_imported(lead_import_id: int) -> None:
    """Enroll the people of an import that is through. Running it twice does no harm."""
    imported.enroll_imported(lead_import_id=lead_import_id, now=timezone.now())


def enroll_rest(job_id: int) -> bool:
    """A turn of an enrollment of many batches; queues the next while there is more. False when it has ended."""
    return _turn(
        partial(finishing.work_on_enrollment, job_id=job_id, now=timezone.now(), budget=TURN),
        go_on=partial(queue_rest, job_id),
        note=partial(note_broken_off, job_id=job_id),
    )


def resume_cut_off_enrollments() -> int:
    """Queue again the enrollments whose worker or web process died; how many."""
    cut_off = finishing.take_cut_off()
    for job_id in cut_off:
        queue_rest(job_id)
    return len(cut_off)


def resume_stalled_checks() -> int:
    """Queue again the pre-flight checks whose worker died; how many."""
    stalled = take_stalled()
    for job_id in stalled:
        enqueue_check(job_id)
    return len(stalled)


def rank_leads(job_id: int) -> bool:
    """Rank the leads of a job; False when it had ended."""
    try:
        return run_ranking(job_id=job_id, now=timezone.now())
    except Exception as error:
        fail_ranking(job_id=job_id, message=f"The ranking broke off. {what_broke(error)}")
        raise


def resume_stalled_rankings() -> int:
    """Queue again the rankings whose worker died; how many."""
    stalled = stalled_rankings()
    for job_id in stalled:
        enqueue_ranking(job_id)
    return len(stalled)


def delete_rows(job_id: int) -> bool:
    """A turn of a deletion or an erasure; queues the next while there is more. False when it has ended."""
    is_erasure = Job.objects.filter(pk=job_id, kind=JobKind.ERASE).exists()
    return _turn(
        partial(erase_some if is_erasure else delete_some, job_id=job_id, now=timezone.now(), budget=TURN),
        go_on=partial(enqueue_deletion, job_id),
        note=partial(note_failure, job_id=job_id),
    )


def resume_stalled_deletions() -> int:
    """Queue again the deletions and erasures whose worker died or broke off; how many."""
    stalled = take_stalled_deletions()
    for job_id in stalled:
        enqueue_deletion(job_id)
    return len(stalled)


def fetch_leads(job_id: int) -> bool:
    """A turn of a fetch; queues the next while there is more. False when it has ended, or waits for its hour."""
    return _turn(
        partial(work_on_fetch, job_id=job_id, now=timezone.now(), budget=TURN),
        go_on=partial(enqueue_fetch, job_id),
        note=partial(note_fetch_failure, job_id=job_id),
    )


def resume_waiting_fetches() -> int:
    """Queue again the fetches whose hour has come, and those whose worker died or broke off; how many."""
    waiting = take_waiting(now=timezone.now())
    for job_id in waiting:
        enqueue_fetch(job_id)
    return len(waiting)


def hand_over(campaign_id: int) -> bool:
    """Tell Instantly what it does not know of a campaign; queues the next turn while there is more."""
    now = timezone.now()
    return _turn(
        partial(work_on, campaign_id=campaign_id, now=now, budget=TURN),
        go_on=lambda: queue_handover(campaign_id, now=timezone.now()),
        note=partial(note_handover_failure, campaign_id=campaign_id, now=now),
    )


def count_campaign(tally_id: int) -> bool:
    """Count a large campaign anew; False when another worker is counting, or it is gone."""
    return count_again(tally_id=tally_id, now=timezone.now())


def look_for_people(campaign_id: int) -> int:
    """An automatic campaign enrolls whoever newly belongs to it; how many that were. It gives way to others."""
    try:
        found = automatic.look(campaign_id=campaign_id, now=timezone.now(), gives_way=True)
    except Exception as error:
        message = f"The look broke off. {what_broke(error)}"
        automatic.note_broken_off(campaign_id=campaign_id, message=message, now=timezone.now())
        raise
    return found.enrolled if found else 0


def de_enroll_some(run_id: int) -> bool:
    """A turn of a de-enrollment run; queues the next while there is more. False when it has ended."""
    return _turn(
        partial(work_on_run, run_id=run_id, now=timezone.now(), budget=TURN),
        go_on=partial(enqueue_run, run_id),
        note=partial(fail_run, run_id=run_id),
        broke_off="The run broke off.",
    )


def _turn(
    work: Callable[[], bool],
    *,
    go_on: Callable[[], object],
    note: Callable[..., object],
    broke_off: str = "It broke off and is tried again.",
) -> bool:
    """Do what can be done in a turn, and have the next one queued while there is more; False when it has ended.

    What it broke off for is noted where people look, and told to the queue.
    """
    try:
        has_more = work()
    except Exception as error:
        note(message=f"{broke_off} {what_broke(error)}")
        raise
    if has_more:
        go_on()
    return has_more
