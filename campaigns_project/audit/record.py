"""The one way into the audit log."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from django.db import models

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog


def record(
    *,
    action: str,
    entity: models.Model,
    organization_id: int | None,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditLog:
    """Write one row, in the caller's transaction: an act and its record stand or fall together.

    `action` is `noun.past_participle` (`campaign.started`). `before` and `after` carry only what changed: numbers,
    dates, enums, UUIDs and decimals are stored as JSON. Personal data of leads does not belong here: ids and field
    names only, since nothing in this table can ever be erased. Secrets never.
    """
    return AuditLog.objects.create(
        organization_ref=organization_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name[:254],
        via=actor.via,
        action=action,
        entity_type=entity._meta.model_name or "",
        entity_id=str(entity.pk),
        entity_name=_public_name(entity),
        before=_plain(before),
        after=_plain(after),
        reason=reason,
        request_id=actor.request_id,
        ip_address=actor.ip_address,
    )


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {key: value.value if isinstance(value, Enum) else value for key, value in values.items()}


def _public_name(entity: models.Model) -> str:
    """A name to read in the log; a lead or recipient is named by its number alone (see `record`)."""
    if getattr(entity, "is_personal", False):
        return ""
    return str(entity)[:200]
