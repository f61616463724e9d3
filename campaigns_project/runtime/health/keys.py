"""Whether this process has the keys the installation's secrets were stored with.

With others it would use empty passwords, sign links nobody believes, and not know erased people when it meets them.
"""

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import connection

from campaigns_project.audit.chain import is_signed
from campaigns_project.runtime.health.check import Check, Level, counted
from campaigns_project.verification.rows.encrypted import unreadable

SHORTEST = 32  # characters of a key; one that `secrets.token_urlsafe` makes of 24 bytes has as many
FIX = "Set FIELD_ENCRYPTION_KEYS to what the other machines have; a former key stands behind the present one."


def examine_keys() -> Iterator[Check]:
    """Stored secrets, the newest seal of the audit log, and the length of each key."""
    with connection.cursor() as cursor:
        found = [finding for app in apps.get_app_configs() for finding in unreadable(app.label)(cursor)]
        cursor.execute("SELECT hash, signature, key_name FROM audit_seals ORDER BY id DESC LIMIT 1")
        seal = cursor.fetchone()
    lost = sum(finding.count or 0 for finding in found)
    is_foreign = seal is not None and is_signed(*seal) is None
    if lost:
        where = ", ".join(finding.where for finding in found)
        message = f"{counted(lost, 'stored secret')} cannot be decrypted with the keys that are here ({where})."
        yield Check("keys", Level.FAIL, message, FIX)
    if is_foreign:
        message = "The audit log was sealed last with a key that is not here: this process has other keys."
        yield Check("keys", Level.FAIL, message, FIX)
    if short := sum(len(key) < SHORTEST for key in settings.FIELD_ENCRYPTION_KEYS):
        message = f"{counted(short, 'key')} of FIELD_ENCRYPTION_KEYS shorter than {SHORTEST} characters: easy to guess."
        yield Check(
            "keys",
            Level.WARN,
            message,
            "Put a longer one in front: python3 -c 'import secrets; print(secrets.token_urlsafe(48))' makes one.",
        )
    if not lost and not is_foreign:
        yield Check("keys", Level.OK, "Every stored secret can be decrypted.")
