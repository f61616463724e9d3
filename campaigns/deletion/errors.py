"""Why a deletion is refused."""

from typing import TYPE_CHECKING, Any

from django.db import models

from campaigns_project.errors import Locked, NotConfirmed, Refused, StateRefused
from campaigns_project.faults import SchemaFault

if TYPE_CHECKING:
    from campaigns.deletion.impact import Impact


class DeletionCode(models.TextChoices):
    """Why a campaign or an organization is not deleted. Nothing was changed, but where a deletion is under way."""

    WRONG_NAME = "wrong_name", "The name typed to confirm is another"
    REASON_MISSING = "reason_missing", "No reason was given"
    STALE_PREVIEW = "stale_preview", "What would be removed has changed since it was shown"
    DELETION_BLOCKED = "deletion_blocked", "Something has to end before: details name it"
    ALREADY_DELETING = "already_deleting", "Its deletion is under way"
    NOT_CONFIRMED = "deletion_not_confirmed", "Nothing says that it is meant: name, reason and token are missing"
    ROWS_STAY = "rows_stay", "A trigger or row security keeps rows from being removed; the deletion is under way"
    SCHEMA_INCOMPLETE = "schema_incomplete", "A table that belongs to it is missing in the database"


class BlockerCode(models.TextChoices):
    """What has to end before a deletion."""

    RUNNING = "running", "A campaign is running"
    MAIL_IN_FLIGHT = "mail_in_flight", "A worker has mails of it in hand"
    AT_INSTANTLY = "at_instantly", "Instantly has not been told yet that a campaign of it is over"
    JOB_ACTIVE = "job_active", "A job of it is under way"
    IMPORT_ACTIVE = "import_active", "An import is under way"
    FOREIGN_KEY = "foreign_key", "A table that is not ours refers to it and forbids the deletion"


class WrongName(NotConfirmed):
    """What was typed is not the name."""

    def __init__(self, name: str):
        message = "The name typed to confirm is not that of what would be deleted."
        super().__init__(DeletionCode.WRONG_NAME, message, f"Type “{name}”; capitals count.")


class ReasonMissing(Refused):
    """The record of a deletion says why."""

    def __init__(self) -> None:
        super().__init__(DeletionCode.REASON_MISSING, "A deletion needs a reason.", "It is kept for good: say why.")


class StalePreview(StateRefused):
    """The caller confirmed other numbers than there are; `details` is the impact as it is now."""

    def __init__(self, impact: "Impact"):
        message = "What would be removed has changed since it was shown."
        super().__init__(
            DeletionCode.STALE_PREVIEW, message, "Look at the new numbers and confirm them.", impact.as_dict()
        )


class DeletionBlocked(StateRefused):
    """Something has to end first; `details["blockers"]` has it all."""

    def __init__(self, blockers: list[dict[str, Any]]):
        sentences = " ".join(blocker["message"] for blocker in blockers)
        super().__init__(
            DeletionCode.DELETION_BLOCKED, f"It cannot be deleted now. {sentences}", "", {"blockers": blockers}
        )


class AlreadyDeleting(Locked):
    """`details["job"]` is the number of the job that does it."""

    def __init__(self, job: int):
        message = "Its deletion is under way."
        super().__init__(DeletionCode.ALREADY_DELETING, message, f"Job {job} shows how far it is.", {"job": job})


class SchemaIncomplete(SchemaFault):
    """The database lacks tables that belong to what would be deleted; `details["tables"]` names them."""

    def __init__(self, tables: list[str]):
        named = ", ".join(tables)
        message = f"The database lacks {named}: what belongs to it cannot be counted, and nothing was deleted."
        hint = "Run manage.py verify_schema, then manage.py apply_migrations."
        super().__init__(DeletionCode.SCHEMA_INCOMPLETE, message, hint, {"tables": tables})


class RowsStay(StateRefused):
    """The database let rows be deleted and kept them all the same: a trigger of somebody's, or row security."""

    def __init__(self, table: str, number: int):
        message = f"{number:,} rows of {table} are still there after they were deleted, without an error."
        hint = "A trigger or row security keeps them: manage.py verify_schema names it. Then the deletion goes on."
        super().__init__(DeletionCode.ROWS_STAY, message, hint, {"table": table})


class ConfirmationMissing(StateRefused):
    """A deletion was asked for without a word of confirmation; `details` is what it would do, with the token."""

    def __init__(self, impact: "Impact"):
        message = f"Nothing was deleted: this would remove {impact.total:,} records for good, and has to be confirmed."
        hint = "Send confirm_name (the name), reason and the token given here."
        super().__init__(DeletionCode.NOT_CONFIRMED, message, hint, impact.as_dict())
