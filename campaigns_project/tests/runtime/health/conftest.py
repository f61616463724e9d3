"""What these tests have in common: no mailbox, and everybody at work."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from campaigns_project.runtime.duties import DUTIES
from campaigns_project.runtime.health import Check, Level, examine
from campaigns_project.tests.processes import free_port
from campaigns_project.workers import heartbeat
from campaigns_project.workers.duty_log import DutyLog
from campaigns_project.workers.models import WorkerKind


@pytest.fixture(autouse=True)
def _without_mailbox(settings) -> None:
    settings.SANDBOX_SMTP_PORT = free_port()
    settings.DATABASE_URL = ""  # of tests on another Postgres: their keys are no file, and yet not of the environment


@pytest.fixture
def everybody_works() -> Callable[[], None]:
    def work() -> None:
        for kind in WorkerKind:
            heartbeat.beat(kind=kind, name=f"{kind}@test", pid=1, capacity=2)
        log = DutyLog()
        for duty in DUTIES:
            log.note(duty.name, every_seconds=duty.every_seconds, begun=0)
        log.write()

    return work


def found(name: str) -> list[Check]:
    """What an examination of this subject alone says about it."""
    return [check for check in examine(now=timezone.now(), only=(name,)).checks if check.name == name]


def levels(name: str) -> list[Level]:
    return [check.level for check in found(name)]
