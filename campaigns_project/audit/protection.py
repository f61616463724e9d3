"""What the audit log may keep of a value: it can never be erased, so nothing that would have to be may be in it.

Secrets are never kept. Of a model that says `is_personal` (leads and all that names them) only what tells nothing of
the person stays readable: states, numbers, times, yes and no. Everything else is kept as a keyed hash: two entries can
be seen to be about the same value, the value cannot be had back, and without FIELD_ENCRYPTION_KEYS nobody can guess it.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from campaigns_project.audit.plain import plain, text
from campaigns_project.encryption import is_secret, keys_for

NOT_KEPT = "(not kept)"
PREFIX = "keyed:"
PURPOSE = "audit of personal data"
_SECRET_NAME = re.compile(r"password|secret|(^|_)(token|api_key|private_key)$")
# Only from the beginning of a word, and with one @ to look behind: else a long text without one takes minutes.
_APART = r"\s<>()\[\],;:\"'“”"
_ADDRESS = re.compile(rf"(?<![^{_APART}])[^{_APART}]+@[^{_APART}@]+\.[^{_APART}@.]+")
_TELLS_NOTHING = (bool, int, float, Decimal, date, time, timedelta, Enum, models.Model)


def protected(entity: Any, values: Mapping[str, Any] | None, *, organization_id: int | None) -> dict[str, Any] | None:
    """`values` of `entity`, by field, as the log may keep them."""
    if values is None:
        return None
    return {text(name): _protected(entity, str(name), value, organization_id) for name, value in values.items()}


def values_of(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    """What `row` has now in these fields, for `record`; of what is no field of its own (a list of tags) the name."""
    own = {field.name for field in row._meta.concrete_fields}
    return {name: getattr(row, name) if name in own else NOT_KEPT for name in names}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both without what is the same in them; what `values_of` knows by name alone counts as changed."""
    changed = [name for name in after if after[name] == NOT_KEPT or before.get(name) != after[name]]
    return {name: before[name] for name in changed if name in before}, {name: after[name] for name in changed}


def keyed(value: Any, *, organization_id: int | None) -> str:
    """The hash that stands for a personal value in the entries of this organization, and only of this one."""
    said = json.dumps([organization_id, plain(value)], sort_keys=True, separators=(",", ":"))
    key = keys_for(PURPOSE)[0]
    return PREFIX + hashlib.blake2b(said.encode(), key=key, digest_size=16).hexdigest()


def without_addresses(words: str, *, organization_id: int | None) -> str:
    """Free words with each e-mail address in them replaced by its keyed hash."""
    return _ADDRESS.sub(lambda found: keyed(found.group().lower(), organization_id=organization_id), text(words))


def _protected(entity: Any, name: str, value: Any, organization_id: int | None) -> Any:
    if value == NOT_KEPT or _SECRET_NAME.search(name):
        return NOT_KEPT
    if isinstance(entity, models.Model) and is_secret(entity, name):
        return NOT_KEPT
    if getattr(entity, "is_personal", False) and _tells_of_a_person(entity, name, value):
        return keyed(value, organization_id=organization_id)
    return plain(value)


def _tells_of_a_person(entity: Any, name: str, value: Any) -> bool:
    if value is None or value == "" or isinstance(value, _TELLS_NOTHING):
        return False
    try:
        return not entity._meta.get_field(name).choices  # a state is a word of ours
    except FieldDoesNotExist:
        return True
