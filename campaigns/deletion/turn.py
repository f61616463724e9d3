"""A turn at a deletion: committed batches, each with its counts, until all is gone or the time is over."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from campaigns.deletion.batches import Batch, keys_of
from campaigns.deletion.errors import RowsStay
from campaigns.deletion.relations import Place, Relation, Tree, label_of
from campaigns.locks import retried
from campaigns.models import Job
from campaigns.sending.sizing import next_size
from campaigns_project.faults import fault_of
from campaigns_project.states import ProgressStatus

AIM = 0.04  # seconds a batch should take: a third of what somebody else may have to wait for a row
MOST_ROWS = 10_000
FEWEST_ROWS = 200  # however slow the database is at the moment: below that a batch costs more than its rows
FIRST_ROWS = 500


class Overtaken(Exception):
    """The job has ended or is gone: somebody else came to its end."""


@dataclass
class Turn:
    """Work on `job` until `until` (monotonic seconds). What was removed is kept in the job, batch by batch.

    `part` names the campaign (or None) whose rows are counted by themselves besides.
    """

    job: Job
    until: float
    part: int | None = None
    sizes: defaultdict[str, int] = field(default_factory=lambda: defaultdict(lambda: FIRST_ROWS))

    @classmethod
    def of(cls, job: Job, budget: timedelta) -> "Turn":
        return cls(job, time.monotonic() + budget.total_seconds())

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until

    @property
    def failures(self) -> dict[str, str]:
        """What could not be removed, by table: left to cleanup_orphans."""
        return self.job.state["failures"]

    @property
    def removed_of_part(self) -> dict[str, int]:
        """Rows removed of the campaign at hand, by label."""
        part = self.job.state.get("part", {})
        return part["removed"] if part and part["of"] == self.part else {}

    def clear(self, tree: Tree, key: int, *, without: str = "") -> bool:
        """Remove everything beneath the row `key` of the tree's root; False when the time was over first.

        Rows of the table `without` stay, as far as they do not hang on others that go.
        """
        below = [relation for relation in tree.below(tree.root) if relation.table != without]
        return all(self._clear_contained(tree, relation, key) for relation in below)

    def note(self, removed: Counter[str]) -> dict[str, Any]:
        """Keep the counts in the job, in the transaction in which the rows went; returns the new state."""
        counts = Counter({label_of(table): number for table, number in removed.items()})
        state = {
            **self.job.state,
            "removed": dict(Counter(self.job.state["removed"]) + counts),
            "part": {"of": self.part, "removed": dict(Counter(self.removed_of_part) + counts)},
        }
        values = {"state": state, "done": F("done") + counts.total(), "heartbeat_at": Now()}
        if not Job.objects.filter(pk=self.job.pk).exclude(status__in=ProgressStatus.ended).update(**values):
            raise Overtaken
        return state

    def note_rows(self, table: str, number: int) -> dict[str, Any]:
        """The same for rows of one table."""
        return self.note(Counter({table: number}))

    @contextmanager
    def kept_on_error(self) -> Iterator[None]:
        """Forget what was noted inside where its transaction does not happen."""
        before = self.job.state
        try:
            yield
        except Exception:
            self.job.state = before
            raise

    def fail(self, table: str, error: DatabaseError | RowsStay) -> None:
        """A step that failed by itself: noted, and not tried again by this job.

        A database that went away is no fault of the step: then the turn ends, and another goes on.
        """
        fault = fault_of(error) if isinstance(error, DatabaseError) else None
        if fault is not None and fault.code == "database_down":
            raise error
        self.note_left(table, f"{type(error).__name__}: {error}".strip()[:500])
        Job.objects.filter(pk=self.job.pk).update(state=self.job.state, heartbeat_at=Now())

    def note_left(self, table: str, why: str) -> None:
        """Rows of `table` could not be removed; the first reason counts."""
        # A new state, never a change of the old one: that is what `kept_on_error` goes back to.
        self.job.state = {**self.job.state, "failures": {**self.failures, table: self.failures.get(table, why)}}

    def _clear_contained(self, tree: Tree, relation: Relation, key: int) -> bool:
        """A loose step that fails must not stop the others; one that a constraint backs has to succeed."""
        if relation.place is not Place.LOOSE:
            return self._clear(tree, relation, key)
        if relation.table in self.failures:
            return True
        try:
            return self._clear(tree, relation, key)
        except (DatabaseError, RowsStay) as error:
            self.fail(relation.table, error)
            return True

    def _clear(self, tree: Tree, relation: Relation, key: int) -> bool:
        if not tree.below(relation.table):
            return self._clear_leaves(tree, relation, key)
        while keys := _window(tree, relation, key):
            if not self._remove(tree, relation.table, keys):
                return False
        return True

    def _clear_leaves(self, tree: Tree, relation: Relation, key: int) -> bool:
        act = partial(Batch.remove_below, relation=relation, keys=[key])
        while not self.is_over:
            size = self.sizes[relation.table]
            if self._commit(tree, size, relation.table, size, act):
                return True
        return False

    def _remove(self, tree: Tree, table: str, keys: Sequence[int]) -> bool:
        taken = 0
        while taken < len(keys):
            if self.is_over:
                return False
            piece = keys[taken : taken + self.sizes[table]]
            if self._commit(tree, MOST_ROWS, table, len(piece), partial(Batch.remove, table=table, keys=piece)):
                taken += len(piece)
        return True

    def _commit(self, tree: Tree, room: int, table: str, size: int, act: Callable[[Batch], bool]) -> bool:
        """One batch in a transaction of its own; learns from its time how much of `table` to take next."""
        began = time.monotonic()
        is_done, self.job.state = self._removed_and_noted(tree, room, act)
        seconds = time.monotonic() - began
        wanted = next_size(size, done=size, seconds=seconds, aim=AIM, most=MOST_ROWS)
        self.sizes[table] = min(max(wanted, FEWEST_ROWS), MOST_ROWS)
        return is_done

    @retried
    @transaction.atomic
    def _removed_and_noted(self, tree: Tree, room: int, act: Callable[[Batch], bool]) -> tuple[bool, dict[str, Any]]:
        with connection.cursor() as cursor:
            cursor.execute(_DO_NOT_WAIT_FOR_THE_DISK)
            batch = Batch(cursor, tree, room)
            is_done = act(batch)
        return is_done, self.note(batch.removed)


# A batch that a crash of the machine takes back is there again with its count gone too, and is removed once more. The
# end of the deletion waits for the disk, and with it for all before.
_DO_NOT_WAIT_FOR_THE_DISK = "SET LOCAL synchronous_commit = off"


@transaction.atomic
def _window(tree: Tree, relation: Relation, key: int) -> list[int]:
    with connection.cursor() as cursor:
        return keys_of(cursor, tree, relation, key)
