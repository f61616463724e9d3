"""Folders of migrations made for one test, in the place of those of the app `workers`."""

import sys
import uuid
from pathlib import Path

from django.test.utils import override_settings

FIRST = """
from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    operations = [migrations.RunSQL("{sql}", migrations.RunSQL.noop)]
"""
LATER = FIRST.replace("initial = True", 'dependencies = [("workers", "{after}")]')


def migrations_of_workers(folder: Path, *files: str) -> override_settings:
    """Settings under which the app `workers` has these migrations: each a name, what it stands on, and its SQL.

    Written as "0002_name < 0001_initial: SELECT 1".
    """
    package = folder / f"migrations_{uuid.uuid4().hex[:8]}"
    package.mkdir()
    (package / "__init__.py").touch()
    for file in files:
        name, _, sql = file.partition(": ")
        name, _, after = name.partition(" < ")
        (package / f"{name}.py").write_text((LATER if after else FIRST).format(after=after, sql=sql))
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return override_settings(MIGRATION_MODULES={"workers": package.name})
