"""Rows that many threads hand over at the same moment, written by one of them in one statement.

A commit costs about the same for one row as for fifty. Whoever comes while nobody writes, writes at once; whoever comes
while somebody writes waits with all others who come meanwhile, and the first of them then writes what they all brought.
So no row waits for others to come, and there is no thread of its own that could die or be lost in a fork.
"""

import os
from collections.abc import Callable, Sequence
from threading import Lock


class NotWrittenError(Exception):
    """A row was refused, or nobody said in time whether it was written."""


class _Handed[Row]:
    """A row and whoever waits for it. But for the waiting itself, all of it happens under the lock of the gathering."""

    __slots__ = ("is_its_turn", "is_over", "row", "wake", "why_not")

    def __init__(self, row: Row):
        self.row = row
        self.wake = Lock()
        self.wake.acquire()
        self.is_its_turn = False
        self.is_over = False
        self.why_not: Exception | None = None


class Gathering[Row]:
    """Hands the rows that are there to `write`, in one thread at a time.

    `write` answers for each row why it is not written, None where it is, to be kept for good. Nobody waits for another
    thread's write for longer than `patience` seconds.
    """

    def __init__(self, write: Callable[[Sequence[Row]], Sequence[Exception | None]], *, patience: float):
        self._write = write
        self._patience = patience
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # who waited or wrote is not in the child

    def _begin(self) -> None:
        self._lock = Lock()
        self._waiting: list[_Handed[Row]] = []
        self._is_writing = False

    def add(self, row: Row) -> None:
        """Come back when the row is written, or raise NotWrittenError."""
        handed = _Handed(row)
        with self._lock:
            self._waiting.append(handed)
            handed.is_its_turn = not self._is_writing
            self._is_writing = True
        if not handed.is_its_turn:
            handed.wake.acquire(timeout=self._patience)
        if self._has_turn(handed):
            self._write_what_waits()
        if handed.why_not is not None:
            raise NotWrittenError from handed.why_not

    def _has_turn(self, handed: _Handed[Row]) -> bool:
        with self._lock:
            if handed.is_over or handed.is_its_turn:
                return handed.is_its_turn
            if handed in self._waiting:
                self._waiting.remove(handed)
            raise NotWrittenError(f"nothing was heard of it for {self._patience:g} s")

    def _write_what_waits(self) -> None:
        """The caller's row is the first of them."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        answers: Sequence[Exception | None] = [NotWrittenError("the one that wrote it broke off")] * len(taken)
        try:
            answers = self._write([handed.row for handed in taken])
        finally:
            with self._lock:
                for handed, why_not in zip(taken, answers, strict=True):
                    handed.is_over, handed.why_not = True, why_not
                self._pass_on()
            for handed in taken[1:]:
                handed.wake.release()

    def _pass_on(self) -> None:
        # Before those are woken whose rows are written: the database need not wait for them.
        self._is_writing = bool(self._waiting)
        if self._waiting:
            self._waiting[0].is_its_turn = True
            self._waiting[0].wake.release()
