"""The task cluster's heartbeat: every task that a worker process takes up or ends is a sign of life."""

import logging
import os
import socket
from datetime import timedelta
from typing import Any

from django.db import Error, close_old_connections
from django_q.conf import Conf
from django_q.signals import post_execute_in_worker, pre_execute

from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerKind

SLACK = timedelta(seconds=5)  # django-q ends a task some seconds after its time is up
UNLIMITED = timedelta(days=1)

log = logging.getLogger(__name__)


def connect() -> None:
    """Listen to django-q. Nothing is sent where tasks are only queued, so this costs other processes nothing."""
    pre_execute.connect(_taken_up, dispatch_uid="workers.pulse")
    post_execute_in_worker.connect(_ended, dispatch_uid="workers.pulse")


def _taken_up(*, task: dict[str, Any], **_signal: Any) -> None:
    limit = timedelta(seconds=Conf.TIMEOUT) + SLACK if Conf.TIMEOUT else UNLIMITED
    _note(task, detail=f"working on {task['name']}", busy_for=limit)


def _ended(*, task: dict[str, Any], **_signal: Any) -> None:
    """Once one worker process is free, what waits must be taken up soon, whatever the others are still at."""
    _note(task, detail="idle", busy_for=None)


def _note(task: dict[str, Any], *, detail: str, busy_for: timedelta | None) -> None:
    if task.get("sync"):
        return  # run in place by whoever queued it: no cluster is involved
    try:
        heartbeat.beat(
            kind=WorkerKind.QCLUSTER,
            name=_cluster_name(),
            pid=os.getppid(),
            capacity=Conf.WORKERS,
            detail=detail,
            busy_for=busy_for,
        )
    except Error as error:
        # An exception here would kill the worker process with the task in its hands.
        log.warning("no heartbeat written: %s", error)
        close_old_connections()


def _cluster_name() -> str:
    # The worker processes of a cluster are forked from one parent, which tells clusters apart that nobody named.
    return os.environ.get(heartbeat.NAME_VARIABLE) or f"{WorkerKind.QCLUSTER}@{socket.gethostname()}-{os.getppid()}"
