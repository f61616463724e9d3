"""What the schema should be: from the manifest made of these very migrations, else from a shadow database."""

from dataclasses import dataclass
from enum import StrEnum

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper

from campaigns_project.verification import manifest, migrations_on_disk, shadow
from campaigns_project.verification.catalogue import Catalogue
from campaigns_project.verification.errors import ExpectationUnknown
from campaigns_project.verification.manifest import Manifest


class Source(StrEnum):
    """Where the expectation is taken from. AUTO takes a manifest that fits exactly, and else makes a shadow."""

    AUTO = "auto"
    MANIFEST = "manifest"
    SHADOW = "shadow"


@dataclass(frozen=True)
class Expected:
    """`described` says where it comes from, in words that follow "compared with"."""

    catalogue: Catalogue
    described: str


def expected_schema(cursor: CursorWrapper, *, using: str, source: Source = Source.AUTO) -> Expected:
    """What the migrations of this code make on the server of the cursor. Raises ExpectationUnknown, django.db.Error."""
    major = major_version(cursor)
    fitting = [] if source == Source.SHADOW else _manifests()
    exact = [each for each in fitting if each.postgres == major]
    if exact:
        return Expected(exact[0].catalogue, f"the manifest for Postgres {major}")
    if source != Source.MANIFEST and shadow.may_make_one(cursor):
        return Expected(shadow.shadow_catalogue(using), "a database that the migrations made just now")
    if fitting:
        nearest = min(fitting, key=lambda each: abs(each.postgres - major))
        return Expected(
            nearest.catalogue,
            f"the manifest for Postgres {nearest.postgres}, the nearest there is: what only reads differently in "
            f"Postgres {major} is found too",
        )
    raise ExpectationUnknown(source)


def _manifests() -> list[Manifest]:
    digest = migrations_on_disk.digest(migrations_on_disk.load())
    return [each for each in manifest.shipped() if each.migrations == digest]


def major_version(cursor: CursorWrapper) -> int:
    """18 for Postgres 18.4."""
    cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
    return int(cursor.fetchone()[0])


def made_now(using: str = DEFAULT_DB_ALIAS) -> Manifest:
    """The manifest for the server of this alias, made of the migrations as they are now."""
    with connections[using].cursor() as cursor:
        major = major_version(cursor)
    digest = migrations_on_disk.digest(migrations_on_disk.load())
    return Manifest(major, digest, shadow.shadow_catalogue(using))
