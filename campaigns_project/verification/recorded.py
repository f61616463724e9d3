"""Migrations: what the database has noted as applied, against the files of this code."""

from collections.abc import Callable, Collection, Iterator

from django.apps import apps
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader

from campaigns_project.verification.finding import SAMPLES, Finding, Severity

Names = set[tuple[str, str]]


def check_migrations(
    cursor: CursorWrapper, loader: MigrationLoader, *, schema_fits: Callable[[], bool]
) -> Iterator[Finding]:
    """Files without a row, rows without a file, apps with several heads; one finding for each app.

    `schema_fits` tells whether the tables are what this code makes: rows without a file are names only then.
    """
    noted = _noted(cursor)
    files = set(loader.disk_migrations)
    squashed = {each for migration in loader.disk_migrations.values() for each in migration.replaces}
    # A squashed migration counts as applied when all that it replaces are, and the replaced rows may stay.
    missing = {key for key in files - noted if not _is_replaced(key, loader, noted)}
    for app, names in _by_app(missing):
        yield _missing(app, names)
    for app, names in _by_app(noted - files - squashed):
        yield _ghosts(app, names, schema_fits=schema_fits)
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


def _ghosts(app: str, names: list[str], *, schema_fits: Callable[[], bool]) -> Finding:
    severity = Severity.WARNING
    if app not in {config.label for config in apps.get_app_configs()}:
        said = ": the app is not installed any more"
        fix = "Nothing, if its tables may stay."
    elif schema_fits():
        said = ", but the tables are what it makes: they were joined into others since, or changed rows alone"
        fix = f"Unless a newer release made them: manage.py migrate {app} --prune, which forgets their names."
    else:
        severity = Severity.ERROR
        said = ": the database was made by a newer or another release"
        fix = "Run the release that has them, or take them back with it (manage.py migrate APP NAME)."
    return Finding(
        "migration_ghost",
        severity,
        app,
        f"{_count(names)} {_was(names)} applied that this code does not have{said}.",
        count=len(names),
        samples=names[:SAMPLES],
        fix=fix,
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
