"""Rows that all tests of a module find."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def made_once(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Around all tests of a module, none with real transactions: what is made here stays for them, and goes after them.

    They take back by themselves what they do to it. The database's `now()` is for all of them the moment this began.
    For a fixture of the module that also asks for `django_db_setup`.
    """
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
