"""The disk under VAR_DIR: the embedded database, the local mailbox, keys and logs."""

import shutil
from collections.abc import Iterator

from django.conf import settings

from campaigns_project.runtime.health.check import Check, Level, in_bytes

LITTLE, HARDLY_ANY = 1_000_000_000, 200_000_000  # bytes


def examine_storage() -> Iterator[Check]:
    """How much is free there."""
    try:
        disk = shutil.disk_usage(settings.VAR_DIR)
    except OSError as error:
        message = f"{settings.VAR_DIR} cannot be looked at: {error.strerror}."
        yield Check("storage", Level.WARN, message, "Make the folder, or correct VAR_DIR.", shareable=_not_seen(error))
        return
    said = f"{in_bytes(disk.free)} of {in_bytes(disk.total)} are free"
    level = Level.FAIL if disk.free < HARDLY_ANY else Level.WARN if disk.free < LITTLE else Level.OK
    holds = "" if settings.DATABASE_URL else ", where the database is"
    fix = "" if level == Level.OK else "Make room, or move VAR_DIR to a larger disk."
    yield Check("storage", level, f"{said} under {settings.VAR_DIR}{holds}.", fix, shareable=f"{said} under VAR_DIR.")


def _not_seen(error: OSError) -> str:
    return f"VAR_DIR cannot be looked at: {error.strerror}."
