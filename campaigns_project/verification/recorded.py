"""Migrations: what the database has noted as applied, against the files of this code."""

from collections.abc import Collection, Iterator

from django.apps import apps
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader

from campaigns_project.verification.finding import SAMPLES, Finding, Severity

Names = set[tuple[str, str]]


def check_migrations(cursor: CursorWrapper, loader: MigrationLoader) -> Iterator[Finding]:
    """Files without a row, rows without a file, apps with several heads; one finding for each app."""
    noted = _noted(cursor)
    files = set(loader.disk_migrations)
    squashed = {each for migration in loader.disk_migrations.values() for each in migration.replaces}
    # A squashed migration counts as applied when all that it replaces are, and the replaced rows may stay.
    missing = {key for key in files - noted if not _is_replaced(key, loader, noted)}
    for app, names in _by_app(missing):
        yield _missing(app, names)
    for app, names in _by_app(noted - files - squashed):
        yield _ghosts(app, names)
    for app, heads in sorted(loader.detect_conflicts().items()):
        yield _several_heads(app, sorted(heads))


def _noted(cursor: CursorWrapper) -> Names:
    cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return set()
    cursor.execute("SELECT app, name FROM django_migrations")
    return {(app, name) for app, name in cursor.fetchall()}


def _is_replaced(key: tuple[str, str], loader: MigrationLoader, noted: Names) -> bool:
    replaces = loader.disk_migrations[key].replaces
    return bool(replaces) and set(replaces) <= noted


def _by_app(keys: Names) -> list[tuple[str, list[str]]]:
    return [(app, sorted(name for owner, name in keys if owner == app)) for app in sorted({app for app, _ in keys})]


def _missing(app: str, names: list[str]) -> Finding:
    return Finding(
        "migration_missing",
        Severity.ERROR,
        app,
        f"{_count(names)} of this code {_was(names)} not applied.",
        count=len(names),
        samples=names[:SAMPLES],
        fix="manage.py apply_migrations",
    )


def _ghosts(app: str, names: list[str]) -> Finding:
    is_installed = app in {config.label for config in apps.get_app_configs()}
    said = "this code does not have: the database was made by a newer or another release"
    left = "this code does not have: the app is not installed any more"
    return Finding(
        "migration_ghost",
        Severity.ERROR if is_installed else Severity.WARNING,
        app,
        f"{_count(names)} {_was(names)} applied that {said if is_installed else left}.",
        count=len(names),
        samples=names[:SAMPLES],
        fix="Run the release that has them, or take them back with it (manage.py migrate APP NAME)."
        if is_installed
        else "Nothing, if its tables may stay.",
    )


def _several_heads(app: str, heads: Collection[str]) -> Finding:
    return Finding(
        "migration_heads",
        Severity.ERROR,
        app,
        f"{len(heads)} migrations are the last one, so nobody knows in which order to apply them.",
        count=len(heads),
        samples=list(heads)[:SAMPLES],
        fix="Two changes were merged: let one depend on the other (manage.py makemigrations --merge).",
    )


def _count(names: list[str]) -> str:
    return f"{len(names)} migration{'' if len(names) == 1 else 's'}"


def _was(names: list[str]) -> str:
    return "was" if len(names) == 1 else "were"
