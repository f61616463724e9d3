"""How the database keeps letters: only UTF8 has all those that names and mails are written in."""

from django.db import DEFAULT_DB_ALIAS, connections

from campaigns_project.faults import DatabaseFault

UTF8 = "UTF8"


def refuse_other_encodings(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raise DatabaseFault where the database keeps them in another way: it would refuse names when they come."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_setting('server_encoding')")
        (found,) = cursor.fetchone()
    if found != UTF8:
        raise not_utf8(found)


def not_utf8(found: str) -> DatabaseFault:
    """What to say of a database with the encoding `found`."""
    return DatabaseFault(
        "database_encoding",
        f"The encoding of the database is {found}, which does not have the letters of all names and mails.",
        "Make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0; pg_dump and pg_restore bring along what "
        "there is.",
    )
