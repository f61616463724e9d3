"""The migrations that this code has, and a name for all of them together."""

import hashlib
import sys
from pathlib import Path

import django
from django.db.migrations.loader import MigrationLoader


def load() -> MigrationLoader:
    """The graph of what is on disk; asks no database."""
    return MigrationLoader(None, ignore_no_migrations=True)


def digest(loader: MigrationLoader) -> str:
    """A hash of the text of every migration and of the Django that turns it into SQL."""
    found = hashlib.sha256(django.get_version().encode())
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        source = Path(str(sys.modules[type(migration).__module__].__file__))
        found.update(f"\n{app}.{name}\n".encode() + source.read_bytes())
    return found.hexdigest()
