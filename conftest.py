"""What every test shares."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
from django.core.management.commands import flush
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.template.base import Template
from django.template.context import Context
from django.test import client
from django.test.signals import template_rendered
from django.utils.safestring import SafeString
from hypothesis import settings
from psycopg.sql import SQL, Composed, Identifier, Literal
from pytest_django import DjangoDbBlocker

from campaigns_project import patience
from campaigns_project.tests.verification.template import migrated_template

# How much is made up for a test with made-up input, unless it says so itself: `make fuzz` asks for the long one.
settings.register_profile("short", deadline=None, max_examples=50)
settings.register_profile("long", deadline=None, max_examples=3_000)
settings.load_profile("short")

COLLECT_AFTER = 50_000  # objects; at Python's own 2,000 a tenth of the time goes into looking through what stays

# What the migrations wrote there is for all tests; `migrate` would only write it again.
KEPT = {"django_content_type", "auth_permission"}


def _empty_what_is_not_empty(self: DatabaseOperations, sql_list: list[str]) -> None:
    """Tests with real transactions empty the tables afterwards, which the append-only triggers would refuse.

    A test leaves rows in few of some eighty tables: to delete those takes a hundredth of the time of truncating all.
    """
    with pgtrigger.ignore(), transaction.atomic(using=self.connection.alias), self.connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE name = 'not_empty'")
        if not cursor.fetchone():
            cursor.execute(_which_are_not_empty())
        cursor.execute("EXECUTE not_empty")
        for (table,) in cursor.fetchall():
            cursor.execute(SQL("DELETE FROM {}").format(Identifier(table)))


@cache
def _which_are_not_empty() -> Composed:
    """Prepared once in a connection: to plan it takes longer than to answer it."""
    tables = sorted({*connection.introspection.django_table_names(only_existing=True)} - KEPT)
    asked = SQL(" UNION ALL ").join(
        SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(Literal(table), Identifier(table)) for table in tables
    )
    return SQL("PREPARE not_empty AS ") + asked


def _write_nothing_again(*arguments: object) -> None:
    """In place of the signal after a flush: what its receivers write was kept."""


@pytest.fixture(autouse=True, scope="session")
def _real_transactions_leave_nothing_behind() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", _empty_what_is_not_empty)
        patch.setattr(flush, "emit_post_migrate_signal", _write_nothing_again)
        yield


@pytest.fixture(autouse=True, scope="session")
def _many_tests_share_the_machine() -> Iterator[None]:
    """None of them costs a query more because another one held it up; those of slow lists take this back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patience, "SHARED_BY", 50)
        yield


@pytest.fixture(autouse=True, scope="session")
def _of_a_page_its_own_context_is_kept(django_test_environment: None) -> Iterator[None]:
    """Django tells its test client of each of the hundreds of templates that a page includes as well."""
    kept = client.store_rendered_templates

    def keep(store: dict[str, Any], *arguments: Any, **named: Any) -> None:
        if "context" not in store:
            kept(store, *arguments, **named)

    def render(page: Template, context: Context) -> SafeString:
        if context.template is page:
            template_rendered.send(sender=page, template=page, context=context)
        return page.nodelist.render(context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "store_rendered_templates", keep)
        patch.setattr(Template, "_render", render)
        yield


@pytest.fixture(autouse=True)
def _what_was_noted_leaves_no_connection() -> Iterator[None]:
    """It would be in the way of dropping the tests' database, and of whoever counts connections."""
    from tracking import notes  # noqa: PLC0415 - models can be imported only once Django is set up

    yield
    notes.hang_up()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """The tests' database is a copy of one that the migrations made, which takes them some seconds."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_template()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for the tests of a module: see `campaigns_project/tests/chromium.py`."""
    from campaigns_project.tests.chromium import launched  # noqa: PLC0415 - Playwright is for those who need it

    with launched() as browser:
        yield browser


def pytest_configure() -> None:
    """Keep the bytecode of tests, whatever the environment says: each of several processes would compile all of them.

    Images of containers like to switch it off; what the tests start would pay for it as well. It would inherit, too,
    that a shell without job control has Ctrl-C ignored by what it runs in the background.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    gc.set_threshold(COLLECT_AFTER)


def pytest_sessionstart() -> None:
    """Have all pages of the admin found, as in a web process: some tests are made from what is registered there."""
    import_module("campaigns_project.urls")


def pytest_collection(session: pytest.Session) -> None:
    """Have the tests compiled once, where several processes would each compile all of them: each begins elsewhere.

    It finds what another one has written meanwhile. Only where all tests are asked for, which all of them load anyway.
    """
    process: dict[str, Any] | None = getattr(session.config, "workerinput", None)
    if process and session.config.args_source == pytest.Config.ArgsSource.TESTPATHS:
        folders, (pattern,) = session.config.getini("testpaths"), session.config.getini("python_files")
        files = [file for folder in folders for file in sorted(Path(folder).rglob(pattern))]
        first = len(files) * int(process["workerid"].removeprefix("gw")) // process["workercount"]
        for file in files[first:] + files[:first]:
            with suppress(pytest.skip.Exception):  # said when it is collected
                import_module(".".join(file.with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: none of them begins when the others are through, and runs on alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    gc.freeze()  # what is loaded now stays: it need not be looked through again and again
