"""How a header was mapped the last time, so that nobody maps the weekly export of the same system twice."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from campaigns_project.accounts.models import Organization
from leads.cleaning import storable
from leads.imports.matching import compared, named
from leads.models import ImportMapping

_FILE_NAME_MAX = 255


def remember(
    *,
    organization: Organization,
    header: Sequence[str],
    mapping: Mapping[str, str],
    words: Mapping[str, str],
    file_name: str,
    now: datetime,
) -> None:
    """Keep what was decided for the columns of a header, and for the words in them, in place of what was before."""
    names = named(header)
    ImportMapping.objects.update_or_create(
        organization=organization,
        header_hash=_hash(names),
        defaults={
            "header": names,
            "mapping": dict(mapping),
            "words": dict(words),
            "file_name": storable(file_name)[-_FILE_NAME_MAX:],
            "used_at": now,
        },
    )


def remembered(*, organization: Organization, header: Sequence[str]) -> ImportMapping | None:
    """The last decision for a header of the same columns, in whatever order they stand; None when there was none.

    Its `mapping` is by the names of that time, which differ from those of now in case and punctuation at most.
    """
    return ImportMapping.objects.filter(organization=organization, header_hash=_hash(named(header))).first()


def _hash(names: Sequence[str]) -> str:
    """Of the names as they are compared, in an order of their own: another order of columns is the same header."""
    return hashlib.sha256(json.dumps(sorted(compared(name) for name in names)).encode()).hexdigest()
