"""What is left of a deleted campaign, in any table: asked of the database's own catalogue, not of what we know."""

from functools import cache

from django.db import connection

from campaigns.models import Campaign
from campaigns_project.references import loose_references


def strays(campaign_id: int, *, loose: bool = True) -> list[str]:
    """Tables in which a column that speaks of campaigns still has this one, and how many rows.

    Without `loose` only columns with a constraint: no others go by themselves when somebody deletes by SQL.
    """
    found = []
    with connection.cursor() as cursor:
        for table, column in _columns_of_campaigns(loose):
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE "{column}" = %s', [campaign_id])
            (number,) = cursor.fetchone()
            found += [f"{number} rows in {table}.{column}"] if number else []
    return found


def orphans() -> list[str]:
    """Foreign keys in the whole database that point at nothing, and how many rows."""
    found = []
    with connection.cursor() as cursor:
        for child, column, parent, key in _foreign_keys():
            cursor.execute(
                f'SELECT count(*) FROM {child} child WHERE child."{column}" IS NOT NULL'
                f' AND NOT EXISTS (SELECT 1 FROM {parent} parent WHERE parent."{key}" = child."{column}")'
            )
            (number,) = cursor.fetchone()
            found += [f"{number} rows of {child} without their {column} in {parent}"] if number else []
    return found


@cache
def _columns_of_campaigns(loose: bool) -> list[tuple[str, str]]:
    """Columns that reference campaigns by constraint and, if `loose`, by declaration or by their name alone."""
    declared = [(model._meta.db_table, reference.column) for model, reference in loose_references(Campaign)]
    with connection.cursor() as cursor:
        cursor.execute(f"{_BY_CONSTRAINT} UNION {_BY_NAME}" if loose else _BY_CONSTRAINT)
        return sorted({*cursor.fetchall(), *(declared if loose else [])})


@cache
def _foreign_keys() -> list[tuple[str, str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_FOREIGN_KEYS)
        return cursor.fetchall()


_BY_CONSTRAINT = """
SELECT key.conrelid::regclass::text, attribute.attname
FROM pg_constraint key
JOIN pg_attribute attribute ON attribute.attrelid = key.conrelid AND attribute.attnum = key.conkey[1]
WHERE key.contype = 'f' AND key.confrelid = 'campaigns'::regclass
"""
_BY_NAME = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'campaign_id' AND data_type = 'bigint'
"""
_FOREIGN_KEYS = """
SELECT key.conrelid::regclass::text, child.attname, key.confrelid::regclass::text, parent.attname
FROM pg_constraint key
JOIN pg_attribute child ON child.attrelid = key.conrelid AND child.attnum = key.conkey[1]
JOIN pg_attribute parent ON parent.attrelid = key.confrelid AND parent.attnum = key.confkey[1]
WHERE key.contype = 'f'
"""
