"""What an import cannot do as it stands: running elsewhere, ended, no draft any more. Nothing was changed."""

from datetime import datetime
from typing import Any

from campaigns_project.errors import StateRefused, state_of
from leads.models import ImportStatus


class ImportStateRefused(StateRefused):
    """The import is in a state that does not allow the act (running elsewhere, ended, canceled)."""


class TooBusy(ImportStateRefused):
    """Others changed the same leads again and again while a chunk was written."""

    def __init__(self, lead_import_id: int):
        super().__init__(
            "import_too_busy",
            f"Import {lead_import_id} met the same leads being changed by others again and again.",
            "It goes on by itself in some seconds.",
        )


def not_runnable(lead_import_id: int) -> ImportStateRefused:
    """Another worker does the import, or someone ended it."""
    return ImportStateRefused(
        "import_not_runnable",
        f"Import {lead_import_id} is running elsewhere or has ended.",
        "Look at its state; an import whose worker died is taken up again after a few minutes.",
    )


def not_a_draft(lead_import_id: int, status: str) -> ImportStateRefused:
    """Only what nobody has started can still be changed."""
    return ImportStateRefused(
        "import_not_draft",
        f"Import {lead_import_id} is no draft any more: it is {status}.",
        "Cancel it if it is not wanted; give the file in again to have it read in another way.",
        _stands(status),
    )


def repeated_file(file_name: str, *, import_id: int, when: str, who: str) -> ImportStateRefused:
    """The very same bytes were imported before, or are being imported."""
    return ImportStateRefused(
        "repeated_file",
        f"{file_name} was imported before, byte for byte: on {when} by {who} (import {import_id}).",
        "If you mean it, confirm the repeat (--confirm-repeat, in the API confirm_repeat): leads that are there are "
        "then treated as the options say.",
        {"import": import_id},
    )


def dry_run_going(lead_import_id: int) -> ImportStateRefused:
    """One dry run of an import at a time."""
    return ImportStateRefused(
        "dry_run_going", f"A dry run of import {lead_import_id} is under way.", "Wait for its numbers."
    )


def undo_not_ended(lead_import_id: int, status: str) -> ImportStateRefused:
    """Only what has ended can be taken back."""
    return ImportStateRefused(
        "undo_not_ended",
        f"Import {lead_import_id} has not ended: it is {status}.",
        "Wait for its end, or cancel it first.",
        _stands(status),
    )


def undo_too_late(lead_import_id: int, finished_at: datetime, *, hours: int) -> ImportStateRefused:
    """People count on these leads by now."""
    return ImportStateRefused(
        "undo_too_late",
        f"Import {lead_import_id} ended on {finished_at:%d %B %Y at %H:%M %Z}, more than {hours} hours ago.",
        "Find its leads in the list of leads and remove those that are not wanted.",
        {"finished_at": finished_at.isoformat()},
    )


def undone_already(lead_import_id: int, undone_at: datetime) -> ImportStateRefused:
    """Once is enough."""
    return ImportStateRefused(
        "undone_already",
        f"Import {lead_import_id} was undone on {undone_at:%d %B %Y at %H:%M %Z}.",
        "Import the file again to have its leads back.",
    )


def not_cancelable(lead_import_id: int, status: str) -> ImportStateRefused:
    """Only what has not ended can be canceled."""
    return ImportStateRefused(
        "import_ended",
        f"Import {lead_import_id} has ended ({status}).",
        "What it did is on its page; within a day it can be undone.",
        _stands(status),
    )


def _stands(status: str) -> dict[str, Any]:
    if status == ImportStatus.DRAFT:
        return state_of(status, "dry-run", "commit", "cancel")
    return state_of(status, "cancel" if status in ImportStatus.going else "undo")
