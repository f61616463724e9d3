"""Workers to be killed: keeps sending lanes and somebody who mends going, and starts another for each that died.

    python -m campaigns.tests.torture.lanes LANES

They are forked from one process that has Django ready, so that a death costs milliseconds and not the seconds a start
takes: hundreds of kills fit into minutes. They end when whoever started them has ended, however that came about.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import django
from django.db import Error, connections

TURN = timedelta(seconds=3)
PAUSE = 0.05  # seconds between two looks for work
LOOK = 1.0  # seconds between two looks whether whoever started all this is still there


def main(lanes: str) -> None:
    starter = os.getppid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # it is waited for, with a bound
    django.setup()
    acts: list[Callable[[], object]] = [_mend, *(partial(_send, number) for number in range(1, int(lanes) + 1))]
    alive: dict[int, Callable[[], object]] = {}
    for act in acts:
        alive[_fork(act)] = act
    while os.getppid() == starter:
        signal.sigtimedwait({signal.SIGCHLD}, LOOK)
        for pid in list(alive):
            if os.waitpid(pid, os.WNOHANG)[0]:
                act = alive.pop(pid)
                alive[_fork(act)] = act


def _fork(act: Callable[[], object]) -> int:
    nursery = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    while os.getppid() == nursery:
        try:
            act()
        except Error as error:  # the database went away: so do the tasks of a cluster, and are called again
            print(f"without database: {str(error).strip()}", flush=True)
            connections.close_all()
        time.sleep(PAUSE)
    os._exit(0)


def _send(number: int) -> None:
    from campaigns.sending.work import work

    work(lane=number, turn=TURN)


def _mend() -> None:
    from django.utils import timezone

    from campaigns.lifecycle import complete_finished
    from campaigns.sending.recover import recover

    recover(now=timezone.now())
    complete_finished(now=timezone.now())


if __name__ == "__main__":
    main(*sys.argv[1:])
