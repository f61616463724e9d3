"""One turn of telling what is due: many tries at once, so that a slow receiver holds nobody else up."""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from campaigns_project.database import sessions
from campaigns_project.faults import what_broke
from campaigns_project.webhooks.claim import Claim, claim
from campaigns_project.webhooks.models import WebhookEndpoint
from campaigns_project.webhooks.post import Outcome, post
from campaigns_project.webhooks.settle import settle

LOCK = 0x666C7768  # "flwh": one turn at a time, however often one is queued; the workers are there to send mail
AT_ONCE = 32  # tries
OF_ONE = 4  # of them to one endpoint, as many as a small receiver takes
OF_FAILING = 8  # of them to all endpoints together that took nothing the last time: they may be slow to say so
TURN = 20.0  # seconds in which tries are begun, of the 300 a task may take
LOOK_AGAIN = 0.5  # seconds after which others may be due while some receivers still think

logger = logging.getLogger(__name__)

type Try = Callable[[Claim], Outcome]


def tell_due(*, seconds: float = TURN, one_try: Try = post) -> int:
    """Try what is due for so long; how many tries were made. None where somebody else is at it."""
    with _alone() as is_ours:
        return _tell(seconds, one_try) if is_ours else 0


def _tell(seconds: float, one_try: Try) -> int:
    end, tried = time.monotonic() + seconds, 0
    under_way: dict[Future[Outcome], Claim] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as threads:
        while True:
            if time.monotonic() < end:
                for each in _claims(list(under_way.values())):
                    under_way[threads.submit(one_try, each)] = each
                    tried += 1
            if not under_way:
                return tried
            done, _ = wait(under_way, LOOK_AGAIN, FIRST_COMPLETED)
            for future in done:
                settle(under_way.pop(future), _outcome(future), now=timezone.now())


def _outcome(future: Future[Outcome]) -> Outcome:
    """What came of a try; a fault of ours in one of them must not keep the others from being written down."""
    error = future.exception()
    if not isinstance(error, Exception):
        return future.result()
    logger.error("a webhook could not be tried", exc_info=error)
    return Outcome(f"It broke off. {what_broke(error)}")


def _claims(under_way: list[Claim]) -> Iterator[Claim]:
    """As many as there is room for, endpoint by endpoint: those that work first, in turns by chance."""
    busy = Counter(each.endpoint_id for each in under_way)
    due = list(WebhookEndpoint.objects.due().order_by().values_list("pk", "failing_since"))
    random.shuffle(due)
    failing = {pk for pk, since in due if since is not None}
    room = AT_ONCE - len(under_way)
    room_of_failing = OF_FAILING - sum(number for pk, number in busy.items() if pk in failing)
    for pk, since in sorted(due, key=lambda each: each[1] is not None):
        of_this = min(room, OF_ONE - busy[pk]) if since is None else min(room, room_of_failing, 1 - busy[pk])
        claimed = claim(endpoint_id=pk, most=of_this) if of_this > 0 else []
        room -= len(claimed)
        room_of_failing -= len(claimed) if since is not None else 0
        yield from claimed


@contextmanager
def _alone() -> Iterator[bool]:
    is_ours = sessions.take(connection, LOCK)
    try:
        yield is_ours
    finally:
        if is_ours:
            sessions.let_go(connection, LOCK)
