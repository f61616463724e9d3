"""What foreign keys do, once a statement and not once a row, for tables that take rows by the hundred.

A foreign key looks its parent up for each row, though all rows of a statement may have the same; for a mail that was a
tenth of all that the database did. These triggers refuse and take along just as it does. The model declares the
relation as usual, with `db_constraint=False`: deletion, its preview, `verify_schema` and `cleanup_orphans` know it by
that.
"""

from collections.abc import Mapping

import pgtrigger

_LOOK = """
FOR parent IN SELECT DISTINCT {column} FROM added WHERE {column} IS NOT NULL LOOP
    {check}
END LOOP;
"""
_CHECK = """PERFORM FROM {table} WHERE id = parent FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no row % in {table}, which {column} of % would refer to', parent, TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME, COLUMN = '{column}';
    END IF;"""
_LOOK_AGAIN = """
IF NEW.{column} IS DISTINCT FROM OLD.{column} AND NEW.{column} IS NOT NULL THEN
    parent = NEW.{column};
    {check}
END IF;
"""


def take_along(name: str, *, table: str, column: str) -> pgtrigger.Trigger:
    """With the rows that go, those of `table` whose `column` holds the key of one of them (ON DELETE CASCADE).

    EXECUTE has it planned anew each time: a plan that a session keeps from when the table was small would read all of
    it for a single row.
    """
    return _with_those_that_go(name, f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM gone)")  # noqa: S608


def let_go(name: str, *, table: str, column: str) -> pgtrigger.Trigger:
    """Rows of `table` whose `column` holds the key of one that goes forget it (ON DELETE SET NULL)."""
    return _with_those_that_go(name, f"UPDATE {table} SET {column} = NULL WHERE {column} IN (SELECT id FROM gone)")  # noqa: S608


def parents_exist(parents: Mapping[str, str]) -> list[pgtrigger.Trigger]:
    """Refuse rows whose columns name a row that is not there, and keep there what they name until the commit.

    `parents` are tables by column. IntegrityError for whoever writes such a row, at once and not at the commit.
    """
    looks = [(column, _CHECK.format(column=column, table=table)) for column, table in parents.items()]
    return [
        pgtrigger.Trigger(
            name="parents_exist",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="added"),
            declare=[("parent", "bigint")],
            func="".join(_LOOK.format(column=column, check=check) for column, check in looks) + "RETURN NULL;",
        ),
        pgtrigger.Trigger(
            name="new_parents_exist",
            when=pgtrigger.After,
            operation=pgtrigger.UpdateOf(*parents),
            declare=[("parent", "bigint")],
            func="".join(_LOOK_AGAIN.format(column=column, check=check) for column, check in looks) + "RETURN NULL;",
        ),
    ]


def _with_those_that_go(name: str, statement: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Delete,
        referencing=pgtrigger.Referencing(old="gone"),
        func=f"EXECUTE '{statement}'; RETURN NULL;",
    )
