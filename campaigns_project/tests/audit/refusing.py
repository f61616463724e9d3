"""A log that takes no entry: what an act does must not happen without its record."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_ON = """
CREATE FUNCTION refuse_entries() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no entry today'; END $$;
CREATE TRIGGER refuse_entries BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_entries();
"""
_OFF = "DROP TRIGGER refuse_entries ON audit_log; DROP FUNCTION refuse_entries()"


@contextmanager
def refusing() -> Iterator[None]:
    """Every insert into the audit log fails."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come cannot be altered
        cursor.execute(_ON)
    yield
    with connection.cursor() as cursor:
        cursor.execute(_OFF)
