from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.indexes import OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.expressions import OrderBy

from campaigns_project.accounts.tenancy import Tenanted
from campaigns_project.audit.actors import ActorKind
from campaigns_project.audit.models.seal import AWAIT_SEALING
from campaigns_project.audit.triggers import append_only

if TYPE_CHECKING:
    from campaigns_project.accounts.models import Organization


def _beginning(column: str) -> tuple[OrderBy, ...]:
    """Of one organization, by how `column` begins, newest first; LIKE 'x%' needs the class in any locale but C."""
    return (
        OrderBy(models.F("organization_ref")),
        OrderBy(OpClass(models.F(column), name="varchar_pattern_ops")),
        OrderBy(models.F("id"), descending=True),
    )


class AuditQuerySet(models.QuerySet["AuditLog"]):
    """The log outlives what it speaks of, so it names its organization by a plain number."""

    def for_organization(self, organization: "Organization") -> Self:
        return self.filter(organization_ref=organization.pk)

    def for_organizations(self, organizations: Any) -> Self:
        return self.filter(organization_ref__in=organizations)

    def about(self, entity: models.Model) -> Self:
        """Only what was done to `entity`."""
        return self.filter(entity_type=entity._meta.model_name, entity_id=str(entity.pk))


class AuditLog(Tenanted, models.Model):
    """One act of somebody. Append-only: triggers refuse every change, so it is written once and read for ever."""

    organization_path = "organization_ref"

    organization_ref = models.BigIntegerField("organization", null=True, editable=False)
    actor_kind = models.CharField(max_length=20, choices=ActorKind, editable=False)
    actor_id = models.BigIntegerField("actor ID", null=True, editable=False)
    actor_name = models.CharField(max_length=254, editable=False)
    via = models.CharField(max_length=60, blank=True, editable=False)
    action = models.CharField(max_length=80, editable=False)
    entity_type = models.CharField(max_length=60, editable=False)
    entity_id = models.CharField("entity ID", max_length=60, editable=False)
    entity_name = models.CharField(max_length=200, blank=True, editable=False)
    before = models.JSONField(encoder=DjangoJSONEncoder, null=True, editable=False)
    after = models.JSONField(encoder=DjangoJSONEncoder, null=True, editable=False)
    reason = models.TextField(blank=True, editable=False)
    request_id = models.CharField("request ID", max_length=64, blank=True, editable=False)
    ip_address = models.GenericIPAddressField("IP address", null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        db_table = "audit_log"
        ordering = ["-id"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(fields=["organization_ref", "-id"], name="audit_by_organization"),
            models.Index(fields=["entity_type", "entity_id"], name="audit_by_entity"),
            models.Index(fields=["organization_ref", "created_at"], name="audit_by_time"),
            models.Index(fields=["request_id"], name="audit_by_request", condition=~models.Q(request_id="")),
            models.Index(*_beginning("action"), name="audit_by_action"),
            models.Index(*_beginning("actor_name"), name="audit_by_actor"),
        ]
        triggers = [*append_only(), AWAIT_SEALING]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_name}"

    def organization_of(self) -> "Organization | None":
        from campaigns_project.accounts.models import Organization  # noqa: PLC0415 - audit stands beside accounts

        return Organization.objects.filter(pk=self.organization_ref or 0).first()
