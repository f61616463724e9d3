"""Settings of the server, the database or a role that would make triggers and foreign keys silent."""

from collections.abc import Iterator

from django.db.backends.utils import CursorWrapper

from campaigns_project.verification.finding import SAMPLES, Finding, Severity

# What each must be for triggers to act: a replica fires none and checks no foreign key; pgtrigger's list names triggers
# that are passed over.
HARMLESS = {"session_replication_role": ("origin",), "pgtrigger.ignore": ("", "{}")}
SAID = {
    "session_replication_role": "Sessions begin with triggers and foreign keys switched off.",
    "pgtrigger.ignore": "Sessions begin with triggers switched off that protect what must stay.",
}

# Of every role: whoever writes past the triggers need not be the one who looks.
_SETTINGS = """
    SELECT concat_ws(' in ', CASE WHEN s.setrole <> 0 THEN 'role ' || pg_get_userbyid(s.setrole) END,
                     CASE WHEN s.setdatabase <> 0 THEN 'database ' || d.datname END)
    FROM pg_db_role_setting s
    LEFT JOIN pg_database d ON d.oid = s.setdatabase
    CROSS JOIN unnest(s.setconfig) each
    WHERE (s.setdatabase = 0 OR d.datname = current_database())
      AND lower(split_part(each, '=', 1)) = %s AND substring(each FROM '=(.*)$') <> ALL (%s)
    ORDER BY 1
"""


def check_sessions(cursor: CursorWrapper) -> Iterator[Finding]:
    """Every setting that is not harmless, in a session such as this one or in those of any role."""
    for name, harmless in HARMLESS.items():
        cursor.execute("SELECT coalesce(current_setting(%s, true), '')", [name])
        (value,) = cursor.fetchone()
        cursor.execute(_SETTINGS, [name, list(harmless)])
        places = [place for (place,) in cursor.fetchall()]
        if places or value not in harmless:
            yield _finding(name, value, places)


def _finding(name: str, value: str, places: list[str]) -> Finding:
    return Finding(
        "triggers_off",
        Severity.ERROR,
        name,
        SAID[name],
        count=max(1, len(places)),
        samples=places[:SAMPLES],
        expected=HARMLESS[name][0],
        found=value,
        fix="Take it back where it was made: ALTER ROLE or ALTER DATABASE ... RESET, or the server's file.",
    )
