"""What the migrations make on one major version of Postgres, written down and shipped, so that verifying is quick.

A manifest counts only for the very migrations it was made of: it carries their digest. `make schema-manifest` writes
the one for the server at hand; a test fails until that is done.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaigns_project.verification.catalogue import Catalogue

FOLDER = Path(__file__).resolve().parent / "manifests"


@dataclass(frozen=True)
class Manifest:
    """The schema as `postgres` (a major version) describes it after the migrations with this digest."""

    postgres: int
    migrations: str
    catalogue: Catalogue


def shipped() -> list[Manifest]:
    """All manifests in the package, the newest Postgres first."""
    found = [_read(file) for file in FOLDER.glob("postgres*.json")]
    return sorted(found, key=lambda manifest: manifest.postgres, reverse=True)


def _read(file: Path) -> Manifest:
    given = json.loads(file.read_text())
    return Manifest(given["postgres"], given["migrations"], given["catalogue"])


def written(manifest: Manifest) -> str:
    """The text of the file: a line for each thing, so that a change of the schema reads as one."""
    kinds = ",\n".join(f"{json.dumps(kind)}: {_lines(entries)}" for kind, entries in manifest.catalogue.items())
    head = f'"postgres": {manifest.postgres},\n"migrations": {json.dumps(manifest.migrations)},\n'
    return f'{{\n{head}"catalogue": {{\n{kinds}\n}}\n}}\n'


def _lines(entries: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(entry)}" for key, entry in entries.items()) + "\n}"


def file_for(major: int) -> Path:
    """Where the manifest of this major version lies."""
    return FOLDER / f"postgres{major}.json"


def main() -> int:
    """Write the manifest for the server of the settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.base")
    import django  # noqa: PLC0415 - the settings start the embedded Postgres: nothing before this line may need them

    django.setup()
    from campaigns_project.verification.expected import made_now  # noqa: PLC0415

    manifest = made_now()
    FOLDER.mkdir(exist_ok=True)
    file_for(manifest.postgres).write_text(written(manifest))
    print(f"Wrote {file_for(manifest.postgres).relative_to(Path.cwd())}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
