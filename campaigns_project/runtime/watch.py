"""Whether a child that runs still works: its heartbeat moves, or there is a good reason why it does not."""

from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Now

from campaigns_project.runtime.child import Child
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind
from campaigns_project.workers.queue import queue_state

CLUSTER_LIMIT = 30.0  # seconds in which a free worker must take up what waits; it looks every 0.2 s
TICK_LIMIT = 60.0  # seconds between two of its heartbeats; it beats between any two duties


class Watch:
    """Looks at one child's heartbeat. Silence is measured by our own steady clock as time in which we saw no change.

    So neither a machine's wrong clock, nor a laptop's sleep, nor a database that was away counts against a child.
    """

    def __init__(self, child: Child):
        self.child = child
        self._sign: tuple[str, datetime | None] | None = None
        self._since = 0.0

    def begin_anew(self, *, now: float) -> None:
        """Forget how long the child was silent."""
        self._sign, self._since = None, now

    def verdict(self, *, now: float) -> str:
        """Why the child must be restarted; empty while it need not."""
        row = WorkerHeartbeat.objects.filter(name=self.child.name).annotate(busy=Q(busy_until__gt=Now())).first()
        sign = (self.child.name, row.seen_at if row else None)
        if sign != self._sign or not self.child.running:
            self._sign, self._since = sign, now
        silent = now - self._since
        if self.child.kind == WorkerKind.TICK:
            return f"no heartbeat for {silent:.0f} s" if silent > TICK_LIMIT else ""
        busy = row is not None and row.busy
        return "" if busy or silent <= CLUSTER_LIMIT else _cluster_verdict(silent)


def _cluster_verdict(silent: float) -> str:
    """A silent cluster may be idle, or others were quicker: it hangs only if work waits that anybody could take."""
    waited = queue_state().oldest_wait.total_seconds()
    if waited <= CLUSTER_LIMIT:
        return ""
    return f"work has been waiting for {waited:.0f} s and it took up nothing for {silent:.0f} s"
