"""What tables and columns the live database really has: a cleanup may be what one reaches for when it is not whole."""

from django.db import connection

from campaigns_project.cleanup.references import Reference

_COLUMNS = """
SELECT class.relname, attribute.attname
FROM pg_class class JOIN pg_attribute attribute ON attribute.attrelid = class.oid
WHERE class.relkind IN ('r', 'p') AND pg_table_is_visible(class.oid)
  AND attribute.attnum > 0 AND NOT attribute.attisdropped
"""
_MIGRATE = "Run manage.py verify_schema; it says what mends it."


class Catalog:
    """Read once; answers what is missing for a reference to be looked at."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_COLUMNS)
            self._columns: dict[str, set[str]] = {}
            for table, column in cursor.fetchall():
                self._columns.setdefault(table, set()).add(column)

    def missing(self, reference: Reference) -> str:
        """A sentence on what is missing; empty where everything is there."""
        wanted = ((reference.table, (reference.key, reference.column)), (reference.parent, (reference.parent_key,)))
        for table, columns in wanted:
            if table not in self._columns:
                return f"There is no table {table}. {_MIGRATE}"
            for column in columns:
                if column not in self._columns[table]:
                    return f"There is no column {table}.{column}. {_MIGRATE}"
        return ""


def is_read_only() -> bool:
    """True on a standby or where the role or database only reads."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only') = 'on'")
        return cursor.fetchone()[0]
