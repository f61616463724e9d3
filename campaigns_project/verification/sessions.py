"""Settings of the server, the database or the role that would make triggers and foreign keys silent."""

from collections.abc import Iterator

from django.db.backends.utils import CursorWrapper

from campaigns_project.verification.finding import Finding, Severity


def check_sessions(cursor: CursorWrapper) -> Iterator[Finding]:
    """A session that begins as a replica fires no trigger and checks no foreign key."""
    cursor.execute("SHOW session_replication_role")
    role = cursor.fetchone()[0]
    if role != "origin":
        yield Finding(
            "triggers_off",
            Severity.ERROR,
            "session_replication_role",
            "Every session of this role begins with triggers and foreign keys switched off.",
            expected="origin",
            found=role,
            fix="Take it back where it was made: ALTER ROLE or ALTER DATABASE ... RESET, or the server's file.",
        )
