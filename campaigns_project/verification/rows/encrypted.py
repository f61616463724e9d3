"""Can the secrets of an app be decrypted with the keys there are now?"""

from collections.abc import Callable, Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.utils import CursorWrapper
from django.db.models import Field, Model

from campaigns_project.encryption import EncryptedTextField, decrypt
from campaigns_project.verification.finding import SAMPLES, Finding, Severity
from campaigns_project.verification.rows.relations import models_of

BATCH = 500  # values in memory at once


def unreadable(app: str) -> Callable[[CursorWrapper], Iterator[Finding]]:
    """The check of every encrypted field of the app's models: `secret_unreadable`. A value is never shown or kept."""

    def check(cursor: CursorWrapper) -> Iterator[Finding]:
        for model in models_of(app):
            for field in model._meta.local_fields:
                if isinstance(field, EncryptedTextField):
                    yield from _look(cursor, model, field)

    return check


def _look(cursor: CursorWrapper, model: type[Model], field: Field) -> Iterator[Finding]:
    unread = [key for key, token in _values(cursor, model, field) if not _is_readable(token)]
    if unread:
        yield Finding(
            id="secret_unreadable",
            severity=Severity.ERROR,
            where=f"{model._meta.db_table}.{field.column}",
            message="No key in FIELD_ENCRYPTION_KEYS decrypts them.",
            count=len(unread),
            samples=[str(key) for key in unread[:SAMPLES]],
            fix="Put the key they were written with behind the present one in FIELD_ENCRYPTION_KEYS, or set them anew.",
        )


def _values(cursor: CursorWrapper, model: type[Model], field: Field) -> Iterator[tuple[int, str]]:
    table, key, column = model._meta.db_table, model._meta.pk.column, field.column
    batch = (
        f'SELECT "{key}", "{column}" FROM "{table}" WHERE "{key}" > %s AND "{column}" <> \'\''  # noqa: S608 - names
        f' ORDER BY "{key}" LIMIT {BATCH}'
    )
    after = 0
    while True:
        cursor.execute(batch, [after])
        rows = cursor.fetchall()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def _is_readable(token: str) -> bool:
    try:
        decrypt(token)
    except ImproperlyConfigured:
        return False
    return True
