"""The planner is held to a plan for what is asked inside, and afterwards to what it was held to before."""

from contextlib import ExitStack

import pytest
from django.db import connection, transaction

from campaigns_project.database.plans import by_index, rows_by_index, whole_tables, without_loops

pytestmark = pytest.mark.django_db

NAMES = ("enable_nestloop", "enable_seqscan", "enable_indexscan", "jit", "work_mem")
NOW = f"SELECT {', '.join(f"current_setting('{name}')" for name in NAMES)}"


def now() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(NOW)
        return list(cursor.fetchone())


def test_plans_stand_in_one_another_and_each_leaves_what_it_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = on; SET LOCAL work_mem = '5MB'")
        usual = now()
        entered = []
        with ExitStack() as plans:
            for plan in (without_loops(), by_index(), whole_tables(cursor), without_loops()):
                entered.append((plans.enter_context(plan), now())[1])
            assert [rows_by_index(NOW, {}), now()] == [[("off", "off", "off", "off", "16MB")], entered[-1]]

    assert usual == ["on", "on", "on", "on", "5MB"]
    assert entered == [
        ["off", "on", "on", "on", "5MB"],
        ["off", "off", "on", "off", "5MB"],
        ["off", "off", "off", "off", "16MB"],
        ["off", "off", "off", "off", "16MB"],
    ]
    assert now() == usual


def test_the_inner_one_ends_before_the_outer_one() -> None:
    with without_loops(), connection.cursor() as cursor:
        with without_loops(), whole_tables(cursor):
            pass

        assert now()[0] == "off"


def test_what_fails_inside_takes_the_plan_back_with_it() -> None:
    usual = now()

    with pytest.raises(ZeroDivisionError), transaction.atomic(), connection.cursor() as cursor, whole_tables(cursor):
        raise ZeroDivisionError

    assert now() == usual
