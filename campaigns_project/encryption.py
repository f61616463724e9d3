"""Secrets at rest: a text column that is encrypted in the database and plain in Python.

Keys are any strings in FIELD_ENCRYPTION_KEYS; the first encrypts, all are tried when decrypting, so a key is changed by
putting the new one first.

cryptography is loaded with the first secret: it takes 6 MB, and a worker that imports leads meets none.
"""

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from campaigns_project.errors import Refused

UNREADABLE = (
    "A stored secret cannot be decrypted: its key is missing from FIELD_ENCRYPTION_KEYS. "
    "Add the old key behind the new one, or enter the secret again."
)

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Unreadable(str):
    """A stored secret that no present key decrypts: empty to whoever reads it, and saved again as it is stored."""

    token: str

    @classmethod
    def of(cls, token: str) -> "Unreadable":
        """The secret that is stored as `token`."""
        secret = cls()
        secret.token = token
        return secret


def readable(secret: str) -> str:
    """`secret` itself, which is about to be used; Refused (`secret_unreadable`) where it is Unreadable."""
    if isinstance(secret, Unreadable):
        raise Refused("secret_unreadable", UNREADABLE)
    return secret


def refuse_elsewhere(secret: str, *, field: str, before: str, after: str) -> None:
    """Refused (`secret_for_another_host`) where the stored `secret` would go to another host than it was given for.

    To be asked where the secret stays and its host, or the beginning of an address, may change: who can write a secret
    and never read it could otherwise have it sent to a server of their own.
    """
    is_stored = bool(secret) or isinstance(secret, Unreadable)
    if is_stored and before.lower() != after.lower():
        raise Refused(
            "secret_for_another_host",
            f"What is stored was given for {before[:253] or 'no host'}, and is not sent to {after[:253] or 'another'}.",
            "Enter it again together with the new host.",
            {"field": field},
        )


class EncryptedTextField(models.TextField):
    """Text that never stands readable in the database, a dump or a query log. Cannot be searched or sorted by.

    A row whose key is missing can be read, shown, edited and deleted all the same; its secret is `Unreadable`.
    """

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Unreadable):
            return value.token
        text = super().get_prep_value(value)
        return encrypt(text) if text else text

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        try:
            return decrypt(value) if value else value
        except ImproperlyConfigured:
            return Unreadable.of(value)


def secrets_of(model: models.Model | type[models.Model]) -> tuple[str, ...]:
    """The names of its encrypted fields, whose values must not be shown, logged or kept elsewhere."""
    return tuple(field.name for field in model._meta.fields if isinstance(field, EncryptedTextField))


def is_secret(model: models.Model, name: str) -> bool:
    """Whether the field of this name is one of them."""
    return name in secrets_of(model)


def encrypt(text: str) -> str:
    """`text` under the first key."""
    return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text behind `token`; ImproperlyConfigured when no present key fits (never shows the value)."""
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see above

    try:
        return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(UNREADABLE) from None


def keys_for(purpose: str) -> tuple[bytes, ...]:
    """Keys of 32 bytes for `purpose` alone, one from each of FIELD_ENCRYPTION_KEYS; the first is the one in use."""
    return tuple(_derive(key, purpose) for key in settings.FIELD_ENCRYPTION_KEYS)


@lru_cache(maxsize=8)
def _cipher(keys: tuple[str, ...]) -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key, "field encryption"))) for key in keys])


@lru_cache(maxsize=32)
def _derive(key: str, purpose: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"fairlead {purpose} v1".encode())
    return kdf.derive(key.encode())
