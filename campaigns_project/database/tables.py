"""Are the tables there? Asked once by every process before it works, so that it fails at once and says what to do."""

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, Error, connections

from campaigns_project.database import migrating
from campaigns_project.database.identity import configured
from campaigns_project.faults import DatabaseFault, SchemaFault, is_too_old, too_old


def missing_tables(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """The tables of our models that the database does not have; one quick question to the catalogue."""
    models = apps.get_models(include_auto_created=True)
    wanted = sorted({model._meta.db_table for model in models if model._meta.managed and not model._meta.proxy})
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) name WHERE to_regclass(quote_ident(name)) IS NULL", [wanted]
        )
        return [name for (name,) in cursor.fetchall()]


def require_tables(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raise SchemaFault where a table is missing, DatabaseFault where the database does not answer."""
    try:
        missing = missing_tables(using)
        pending = missing and migrating.pending(using)
    except Error as error:
        if is_too_old(error):
            raise too_old(error) from error
        message = f"The database cannot be reached ({configured(using)}): {' '.join(str(error).split())}"
        raise DatabaseFault("database_down", message, "Start it, or correct DATABASE_URL.") from error
    if not missing:
        return
    which = f"{len(missing)} tables are missing, {missing[0]} first" if len(missing) > 1 else f"{missing[0]} is missing"
    raise SchemaFault(
        "tables_missing",
        f"The database is not ready ({configured(using)}): {which}.",
        "Run manage.py apply_migrations."
        if pending
        else "No migration is pending, so somebody removed it: manage.py verify_schema says what is missing.",
    )
