"""Keys of rows as received, reserved before the rows are read."""

import pytest
from django.db import connection

from leads.imports.keys import RawKeys

pytestmark = pytest.mark.django_db


def taken(keys: RawKeys, count: int) -> list[int]:
    return [int(next(keys)) for _ in range(count)]


def next_of_the_sequence() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('raw_leads', 'id'))")
        (number,) = cursor.fetchone()
    return int(number)


def test_keys_are_new_ones_of_the_sequence():
    before, keys = next_of_the_sequence(), RawKeys(rows=10)

    keys.reserve(4)

    assert taken(keys, 4) == [before + 1, before + 2, before + 3, before + 4]


def test_no_more_are_reserved_than_there_are_rows():
    before, keys = next_of_the_sequence(), RawKeys(rows=3)

    for _ in range(3):
        keys.reserve(2)

    assert taken(keys, 3) == [before + 1, before + 2, before + 3]
    assert next_of_the_sequence() == before + 4
