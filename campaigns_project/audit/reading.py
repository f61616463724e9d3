"""What stands in the audit log, as people read it."""

import json
import re
from functools import cache
from typing import Any

from django.apps import apps
from django.utils.text import capfirst

from campaigns_project.audit.protection import NOT_KEPT, PREFIX

_HASH = re.compile(rf"{PREFIX}([0-9a-f]{{8}})[0-9a-f]{{24}}")


def said(value: Any) -> str:
    """One value of `before` or `after`; what stands for something that may not be kept says so."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return "not kept" if value == NOT_KEPT else words(value) or "empty"
    if isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        return ", ".join(str(each) for each in value) or "empty"
    if isinstance(value, dict) and not any(isinstance(each, dict | list) for each in value.values()):
        return words(", ".join(f"{name} {said(each)}" for name, each in value.items())) or "empty"
    return words(json.dumps(value, ensure_ascii=False))


def words(text: str) -> str:
    """A text with the keyed hashes in it shortened to what tells them apart."""
    return _HASH.sub(r"[personal, hash \1]", text)


@cache
def act(action: str) -> str:
    """An action such as `campaign.senders_set`, as a person would note it down: “Campaign: senders set”."""
    kind, _, done = action.partition(".")
    return f"{capfirst(_kinds().get(kind, kind.replace('_', ' ')))}: {done.replace('_', ' ')}"


@cache
def _kinds() -> dict[str, str]:
    named = {model._meta.model_name or "": str(model._meta.verbose_name) for model in apps.get_models()}
    return {**named, "api_key": "API key"}
