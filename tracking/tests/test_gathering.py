import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Lock

import pytest
from django.conf import settings

from tracking.gathering import Gathering, NotWrittenError

LONG = 30.0  # seconds; none of these waits comes near it


class Table:
    """Takes rows, notes which came together, and can be made to wait in the first write, to refuse, and to break."""

    def __init__(self):
        self.statements = []
        self.entered, self.may_end = Event(), Event()
        self.may_end.set()
        self.refused, self.breaks_at = set(), None
        self._one_at_a_time = Lock()

    def write(self, rows):
        assert self._one_at_a_time.acquire(blocking=False), "two threads write"
        try:
            self.statements.append([*rows])
            self.entered.set()
            assert self.may_end.wait(LONG)
            if self.breaks_at in rows:
                raise RuntimeError("a bug")
            return [ValueError(row) if row in self.refused else None for row in rows]
        finally:
            self._one_at_a_time.release()


@pytest.fixture
def table():
    return Table()


@contextmanager
def first_is_writing(table, gathering, *others):
    """Row 0 is being written, and the others wait; all end with the block. Yields what becomes of each."""
    table.may_end.clear()
    with ThreadPoolExecutor(1 + len(others)) as pool:
        futures = [pool.submit(gathering.add, 0)]
        assert table.entered.wait(LONG)
        for place, row in enumerate(others, start=1):
            futures.append(pool.submit(gathering.add, row))
            wait_for(lambda place=place: len(gathering._waiting) == place)
        try:
            yield futures
        finally:
            table.may_end.set()


def wait_for(is_so):
    pause = Event()
    for _ in range(int(LONG * 1000)):
        if is_so():
            return
        pause.wait(0.001)
    raise AssertionError("it never came to that")


def test_whoever_is_alone_writes_at_once(table):
    gathering = Gathering(table.write, patience=LONG)

    gathering.add(1)
    gathering.add(2)

    assert table.statements == [[1], [2]]


def test_those_who_come_during_a_write_are_written_together_after_it(table):
    with first_is_writing(table, Gathering(table.write, patience=LONG), 1, 2, 3) as futures:
        assert not any(future.done() for future in futures)

    assert [future.exception() for future in futures] == [None] * 4
    assert table.statements == [[0], [1, 2, 3]]


def test_a_row_that_is_refused_is_told_to_whoever_brought_it_alone(table):
    table.refused = {2}

    with first_is_writing(table, Gathering(table.write, patience=LONG), 1, 2, 3) as futures:
        pass

    assert [type(future.exception()) for future in futures] == [type(None), type(None), NotWrittenError, type(None)]


def test_a_writer_that_breaks_off_is_no_success_for_anybody_and_the_next_ones_are_written(table):
    gathering = Gathering(table.write, patience=LONG)
    table.breaks_at = 1

    with first_is_writing(table, gathering, 1, 2) as futures:
        pass
    gathering.add(3)

    assert [type(future.exception()) for future in futures] == [type(None), RuntimeError, NotWrittenError]
    assert table.statements == [[0], [1, 2], [3]]


def test_whoever_waits_too_long_leaves_and_the_row_with_him(table):
    gathering = Gathering(table.write, patience=0.05)

    with first_is_writing(table, gathering) as futures, pytest.raises(NotWrittenError):
        gathering.add(1)
    gathering.add(2)

    assert futures[0].exception() is None
    assert table.statements == [[0], [2]]


def test_of_many_threads_each_row_is_written_once(table):
    gathering = Gathering(table.write, patience=LONG)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(gathering.add, range(5_000)))

    assert sorted(row for rows in table.statements for row in rows) == [*range(5_000)]


def test_a_child_begins_anew_though_its_parent_forked_during_a_write():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FORKING],
        cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert done.stdout.split() == ["child", "parent"]


_FORKING = """
import os
from tracking.gathering import Gathering

def write(rows):
    if rows == ["outer"] and os.fork() == 0:
        gathering.add("inner")
        print("child", flush=True)
        os._exit(0)
    if rows == ["outer"]:
        os.wait()
    return [None] * len(rows)

gathering = Gathering(write, patience=5)
gathering.add("outer")
print("parent")
"""
