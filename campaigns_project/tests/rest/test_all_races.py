"""Of two who make the same at once the second is told what it would be told a moment later, wherever it does it.

The first one's row comes between the check and the write of the second, and stays when what the second did is taken
back, as that of another connection would (of which rest/test_races.py has two).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.apps import apps as django_apps
from django.db import IntegrityError, connection, models, transaction
from django.urls import reverse

from campaigns.models import Sender
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.audit.test_coverage import EDITS, editor, form_of
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.rest.test_writes import WRITES, prepared
from campaigns_project.tests.tenancy.world import World

pytestmark = pytest.mark.django_db

# Constraints of what is made so that nobody runs into here, and why.
NEVER_MET = {
    "sender_address_once_per_organization": "told of by rest/test_races.py: the same address in another spelling",
    "step_position_once": "looked at when the transaction ends; steps are added under a lock of their campaign",
    "suppression_hash_once_per_organization": "an erasure alone writes one, and leaves what is there",
    "user_email_unique_any_case": "the same address in the same spelling runs into users_email_key before",
}
INSERT = re.compile(r'\s*INSERT INTO "?(\w+)"?')


def test_the_second_of_two_is_told_what_a_later_one_is_told_or_has_what_it_wanted(world: World) -> None:
    met: set[str] = set()
    keys = {model: row.pk for model, row in world.rows.items()}
    differ = {}
    for what, ready in acts(world):
        later, at_once = both(ready, met)
        if later != at_once and (at_once.is_refused or later is None):
            differ[what] = later, at_once
        for model, key in keys.items():  # a row that was deleted to get ready is there again
            world[model].pk = key

    assert differ == {}
    assert unique_constraints() - met == set(NEVER_MET)


@dataclass(frozen=True)
class Outcome:
    """What came of it: nothing more is said of what was done."""

    is_refused: bool
    said: str = ""


def acts(world: World) -> Iterator[tuple[str, Callable[[], Callable[[], Outcome]]]]:
    """Whatever makes a row by a form or an operation: gets ready, and answers what does it and says what came of it.

    All forms are alike in this, so that those of what the API does not make, and of senders, stand for the others.
    """
    made = {write.action for write in WRITES.values()}
    for what, edit in EDITS.items():
        if edit.is_new and (edit.action not in made or edit.model is Sender):
            yield what, partial(form_opened, edit, world)
    for operation, write in WRITES.items():
        if operation.startswith("post") and write.action.endswith((".created", ".halted")):
            yield operation, partial(client_ready, operation, world)


def form_opened(edit: Any, world: World) -> Callable[[], Outcome]:
    edit.prepare(world)
    client = client_of(editor(edit, world))
    name = f"{edit.model._meta.app_label}_{edit.model._meta.model_name}_add"
    parent = f"?{edit.within._meta.model_name}={world[edit.within].pk}" if edit.within else ""
    address = f"{reverse(f'admin:{name}')}{parent}"
    form = form_of(client, address)

    def send() -> Outcome:
        answer = client.post(address, {**form, **edit.answers(world)})
        if answer.status_code == 302:
            return Outcome(is_refused=False)
        return Outcome(is_refused=True, said=str(answer.context["adminform"].form.errors))

    return send


def client_ready(operation: str, world: World) -> Callable[[], Outcome]:
    write = WRITES[operation]
    client = key_client(write.role, world.organization)
    write.prepare(world)
    request = prepared(client, operation, world)

    def send() -> Outcome:
        answer = request()
        if answer.status_code < 400:
            return Outcome(is_refused=False)
        return Outcome(is_refused=True, said=answer.json()["detail"])

    return send


def both(ready: Callable[[], Callable[[], Outcome]], met: set[str]) -> tuple[Outcome, Outcome]:
    """What is told to one who comes later, and to one who comes at once; nothing differs where nothing is unique."""
    with taken_back():
        send = ready()
        with taken_back(), made() as rows:
            send()
        if not rows:
            return Outcome(is_refused=False), Outcome(is_refused=False)
        with taken_back():
            put(rows)
            later = send()
        with taken_back(), at_once(rows, met):
            return later, send()


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def made() -> Iterator[list[tuple[str, str]]]:
    """The rows that are made meanwhile in tables where something is unique, each with its table."""
    before: dict[str, int] = {}
    rows: list[tuple[str, str]] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        table = inserted_into(sql)
        if table and table not in before:
            before[table] = -1
            before[table] = ask(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield rows
    for table, last in before.items():
        rows += [(table, row) for (row,) in ask(f"SELECT to_jsonb(one)::text FROM {table} one WHERE id > {last}")]


@contextmanager
def at_once(rows: list[tuple[str, str]], met: set[str]) -> Iterator[None]:
    """The rows come before the first of them is written here, and stay whatever is taken back."""
    is_there = False

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal is_there
        if not is_there and inserted_into(sql) in dict(rows):
            is_there = True
            put(rows)
        try:
            answer = execute(sql, params, many, context)
        except IntegrityError as error:
            met.add(error.__cause__.diag.constraint_name)  # type: ignore[union-attr]
            raise
        if is_there and isinstance(sql, str) and sql.startswith("ROLLBACK TO SAVEPOINT"):
            put(rows)
        return answer

    with connection.execute_wrapper(watch):
        yield


def put(rows: list[tuple[str, str]]) -> None:
    for table, row in rows:
        columns = ", ".join(each.column for each in TABLES[table]._meta.concrete_fields if not each.generated)
        ask(
            f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} "
            f"FROM jsonb_populate_record(NULL::{table}, %s) given "
            f"WHERE NOT EXISTS (SELECT FROM {table} own WHERE own.id = given.id) RETURNING 1",
            [row],
        )


def inserted_into(sql: str) -> str:
    found = INSERT.match(sql) if isinstance(sql, str) else None
    return found[1] if found and found[1] in TABLES and "ON CONFLICT" not in sql else ""


def ask(sql: str, params: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def unique_constraints() -> set[str]:
    """Those of what has a form for a new one, or an operation that makes one."""
    made = {write.action for write in WRITES.values()} | {edit.action for edit in EDITS.values() if edit.is_new}
    own = [each for model in OURS if f"{model._meta.model_name}.created" in made for each in model._meta.constraints]
    return {each.name for each in own if isinstance(each, models.UniqueConstraint)}


OURS = [model for model in django_apps.get_models() if model.__module__.startswith(("campaigns", "leads", "tracking"))]
TABLES = {
    model._meta.db_table: model
    for model in OURS
    if any(isinstance(each, models.UniqueConstraint) for each in model._meta.constraints)
    or any(field.unique and not field.primary_key for field in model._meta.fields)
}
