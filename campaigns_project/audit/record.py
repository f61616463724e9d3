"""The one way into the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.plain import text
from campaigns_project.audit.protection import protected, without_addresses


@dataclass(frozen=True)
class Subject:
    """What an act is about where that is no row: an export, the lock-outs of an address."""

    type: str
    id: str = ""
    name: str = ""


def record(
    *,
    action: str,
    entity: models.Model | Subject,
    organization_id: int | None,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditLog:
    """Write one row, in the caller's transaction: an act and its record stand or fall together.

    `action` is `noun.past_participle` (`campaign.started`). `before` and `after` carry only what changed, as Python has
    it. Nothing in this table can ever be erased: secrets are left out, personal data of leads is kept as keyed hashes
    (see `protection`), and so are e-mail addresses in `reason`. Without a reason the actor's message stands for it.
    """
    subject = _subject(entity)
    return AuditLog.objects.create(
        organization_ref=organization_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=text(actor.name)[:254],
        via=text(actor.via)[:60],
        action=action,
        entity_type=subject.type,
        entity_id=text(subject.id)[:60],
        entity_name=text(subject.name)[:200],
        before=protected(entity, before, organization_id=organization_id),
        after=protected(entity, after, organization_id=organization_id),
        reason=without_addresses(reason or actor.message, organization_id=organization_id),
        request_id=actor.request_id,
        ip_address=actor.ip_address,
    )


def _subject(entity: models.Model | Subject) -> Subject:
    """A lead, and whatever is named after one, is named by its number alone (see `record`)."""
    if isinstance(entity, Subject):
        return entity
    name = "" if getattr(entity, "is_personal", False) else str(entity)
    return Subject(entity._meta.model_name or "", str(entity.pk), name)
