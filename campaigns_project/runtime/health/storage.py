"""The disk under VAR_DIR: the embedded database, the local mailbox, keys, logs and journals."""

import shutil
from collections.abc import Iterator

from django.conf import settings

from campaigns.sending.journal import set_aside
from campaigns_project.runtime.health.check import Check, Level, counted, in_bytes

LITTLE, HARDLY_ANY = 1_000_000_000, 200_000_000  # bytes


def examine_storage() -> Iterator[Check]:
    """How much is free there, and what nobody clears away by itself."""
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
    yield from _journals()


def _journals() -> Iterator[Check]:
    if found := set_aside():
        message = (
            f"Set aside: {counted(len(found), 'journal')} of dead workers that could not be settled. "
            "The mails in hand were left to their leases; some may be uncertain."
        )
        fix = "See what the workers' log says of them; decide what is uncertain, then delete the files."
        yield Check("storage", Level.WARN, message, fix, details=tuple(map(str, found)), shareable=message)


def _not_seen(error: OSError) -> str:
    return f"VAR_DIR cannot be looked at: {error.strerror}."
