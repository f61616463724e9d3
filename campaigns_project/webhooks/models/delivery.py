from enum import nonmember
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.webhooks.events import EventType


class DeliveryStatus(models.TextChoices):
    """Waiting for its first or next try, or ended."""

    WAITING = "waiting", "Waiting"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed: every try"
    ABANDONED = "abandoned", "Abandoned: endpoint disabled"

    unsuccessful = nonmember(frozenset({"failed", "abandoned"}))


class DeliveryQuerySet(OrganizationQuerySet):
    def due(self) -> Self:
        """Those to be tried now, by the database's clock. Whoever claims one puts its next try to after the lease."""
        return self.filter(status=DeliveryStatus.WAITING, next_try_at__lte=Now())


class WebhookDelivery(Tenanted, models.Model):
    """One event to one endpoint. It is written in the transaction of what it tells, and tried until it is taken."""

    organization_path = "endpoint__organization"
    is_personal = True  # the payload names people

    endpoint = models.ForeignKey("webhooks.WebhookEndpoint", on_delete=models.DB_CASCADE, related_name="deliveries")
    event_id = models.CharField(
        "event ID", max_length=40, help_text="The same at every endpoint, and each time it is sent."
    )
    event_type = models.CharField(max_length=40, choices=EventType)
    occurred_at = models.DateTimeField()
    payload = models.JSONField(help_text="What the body has as data.")
    status = models.CharField(max_length=10, choices=DeliveryStatus, db_default="waiting")
    attempts = models.PositiveSmallIntegerField(db_default=0, help_text="Tries begun, in which it may have arrived.")
    next_try_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField("last tried at", null=True)
    finished_at = models.DateTimeField(null=True)
    response_status = models.PositiveSmallIntegerField("last answer", null=True, help_text="Its HTTP status.")
    response_body = models.TextField("its first words", blank=True, db_default="")
    error = models.TextField("what went wrong", blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        db_table = "webhook_deliveries"
        ordering = ["-id"]
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(fields=["endpoint", "next_try_at"], condition=Q(status="waiting"), name="webhook_due"),
            models.Index(fields=["endpoint", "created_at"], name="webhook_endpoint_created"),
            models.Index(fields=["created_at"], name="webhook_created"),
        ]
        constraints = [
            models.CheckConstraint(name="webhook_delivery_status_known", condition=Q(status__in=DeliveryStatus.values)),
            models.CheckConstraint(
                name="webhook_delivery_waits_iff_next_try",
                condition=Q(status="waiting", next_try_at__isnull=False, finished_at=None)
                | (~Q(status="waiting") & Q(next_try_at=None, finished_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"
