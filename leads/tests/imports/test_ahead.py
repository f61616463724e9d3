import threading
from collections.abc import Iterator

import pytest

from leads.imports.ahead import made_ahead


class Broken(Exception):
    pass


def test_items_come_in_their_order():
    with made_ahead(range(100)) as items:
        assert list(items) == list(range(100))


def test_next_item_is_made_while_one_is_worked_on():
    begun = [threading.Event() for _ in range(3)]

    def numbers() -> Iterator[int]:
        for number, event in enumerate(begun):
            event.set()
            yield number

    with made_ahead(numbers()) as items:
        first = next(items)

        assert first == 0
        assert begun[1].wait(10)


def test_what_breaks_while_making_is_raised_where_the_item_was_wanted():
    def numbers() -> Iterator[int]:
        yield 1
        raise Broken("row 2")

    with made_ahead(numbers()) as items:
        assert next(items) == 1
        with pytest.raises(Broken, match="row 2"):
            next(items)


def test_thread_ends_with_the_block_although_there_is_more():
    before = threading.active_count()

    with pytest.raises(Broken), made_ahead(iter(int, 1)) as items:
        next(items)
        raise Broken

    assert threading.active_count() == before
