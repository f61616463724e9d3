"""What a worker does with an import; everything is decided in `running`."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone
from django_q.tasks import async_task

from campaigns_project.faults import what_broke
from campaigns_project.states import ProgressStatus
from leads.imports.receiving import queue
from leads.imports.retention import is_any_due, remove_old_rows
from leads.imports.running import fail_import, run_import, take_stalled
from leads.imports.state_errors import ImportStateRefused
from leads.imports.trying import fail_dry_run, queue_dry_run, run_dry_run, take_stalled_dry_runs
from leads.imports.undoing import queue_undo, run_undo, take_stalled_undos

BUDGET = timedelta(seconds=30)  # of the 300 s a task may take; the rest is for finding the place and the last chunk
logger = logging.getLogger(__name__)


def run_import_task(lead_import_id: int) -> str:
    """Run an import for BUDGET and queue the rest; answers its state. Running it twice does no harm."""
    try:
        lead_import = run_import(lead_import_id=lead_import_id, now=timezone.now(), budget=BUDGET)
    except ImportStateRefused as refused:
        logger.info("import not run: %s", refused)
        return refused.code
    except Exception as error:
        fail_import(lead_import_id=lead_import_id, message=f"The import broke off. {what_broke(error)}")
        raise
    if lead_import.status == ProgressStatus.QUEUED:
        queue(lead_import_id)
    return lead_import.status


def try_import_task(lead_import_id: int) -> str:
    """Do the dry run of a draft; answers its state. Running it twice does no harm."""
    try:
        lead_import = run_dry_run(lead_import_id=lead_import_id)
    except ImportStateRefused as refused:
        logger.info("no dry run: %s", refused)
        return refused.code
    except Exception as error:
        fail_dry_run(lead_import_id=lead_import_id, message=f"The dry run broke off. {what_broke(error)}")
        raise
    if lead_import.dry_run_status == ProgressStatus.QUEUED:
        queue_dry_run(lead_import_id)
    return lead_import.dry_run_status


def undo_import_task(lead_import_id: int) -> str:
    """Take an import back; answers how that stands. Running it twice does no harm."""
    try:
        lead_import = run_undo(lead_import_id=lead_import_id, budget=BUDGET)
    except ImportStateRefused as refused:
        logger.info("nothing undone: %s", refused)
        return refused.code
    if lead_import.undo_status == ProgressStatus.QUEUED:
        queue_undo(lead_import_id)
    return lead_import.undo_status


def remove_old_rows_task() -> int:
    """Remove rows whose time is over, some at a turn; how many. Running it twice does no harm."""
    return remove_old_rows(now=timezone.now())


def queue_removal(*, now: datetime) -> bool:
    """Queue that where there is something to remove; true when it was queued. For a clock that calls it often."""
    if not is_any_due(now=now):
        return False
    async_task("leads.imports.tasks.remove_old_rows_task")
    return True


def resume_stalled_imports() -> int:
    """Queue again the imports, dry runs and undos whose worker died; how many. For a clock that calls it often."""
    stalled = ((take_stalled(), queue), (take_stalled_dry_runs(), queue_dry_run), (take_stalled_undos(), queue_undo))
    for keys, put in stalled:
        for lead_import_id in keys:
            put(lead_import_id)
    return sum(len(keys) for keys, _ in stalled)
