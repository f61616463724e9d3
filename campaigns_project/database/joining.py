"""The time before the first release, when each app had several migrations, which were then joined into one.

That one counts as applied wherever the first of its app was, so a database that stopped half-way would be taken for
complete, and what follows would be applied to tables that lack columns.
"""

from campaigns_project.database.errors import HistoryRefused

Names = set[tuple[str, str]]

LAST_JOINED = {
    ("accounts", "0004_blackout_days"),
    ("audit", "0003_unsealed_entries_stay_in_their_chain"),
    ("campaigns", "0022_automatic"),
    ("leads", "0010_suppressions_by_age"),
    ("tracking", "0005_instantly"),
    ("webhooks", "0001_initial"),
    ("workers", "0002_duty_runs"),
}
EARLY = ("campaigns", "0002_sending_at_full_strength")
# Names of before may have been pruned since: who is past this one is never asked for them.
FIRST_SINCE = ("campaigns", "0002_values_of_mails_are_cleared")
REMOVED_LAST = "campaigns/migrations/0022_automatic.py"
LAST_VERSION = f'git checkout "$(git log -1 --format=%H --diff-filter=D -- {REMOVED_LAST})^"'


def refuse_half_joined(applied: Names) -> None:
    """Raise HistoryRefused for a database of that time which its last version has not migrated to the end."""
    lacking = LAST_JOINED - applied
    if EARLY not in applied or FIRST_SINCE in applied or not lacking:
        return
    named = ", ".join(f"{app}.{name}" for app, name in sorted(lacking))
    raise HistoryRefused(
        "history_half_joined",
        f"This database is of the time before the first release, and lacks migrations that were joined since: {named}.",
        f"Nothing was applied. Let the last version of that time migrate it first: {LAST_VERSION}, then its "
        "bootstrap.sh and manage.py apply_migrations. After that come back to this version.",
    )
