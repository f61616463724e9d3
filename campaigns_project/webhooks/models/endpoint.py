from typing import ClassVar, Self
from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.encryption import EncryptedTextField
from campaigns_project.webhooks.events import SUBSCRIBABLE
from campaigns_project.webhooks.models.delivery import WebhookDelivery


class EndpointStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    DISABLED = "disabled", "Disabled"


class EndpointQuerySet(OrganizationQuerySet):
    def due(self) -> Self:
        """Those that something is to be told now, by the database's clock."""
        deliveries = WebhookDelivery.objects.due().filter(endpoint=OuterRef("pk"))
        return self.filter(Exists(deliveries), status=EndpointStatus.ACTIVE)


class WebhookEndpoint(Tenanted, models.Model):
    """An address of somebody else's that is told what happens in the organization.

    The address may hold a token in its query, so it is kept encrypted; what everybody may see of it is in `shown_url`.
    """

    # Left out where many are read and nobody needs them: each costs a decryption.
    SECRETS: ClassVar = ("url", "secret", "previous_secret")

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="webhook_endpoints"
    )
    url = EncryptedTextField(
        "address",
        help_text="An https address that takes a POST for each event. Kept encrypted, as it may hold a token.",
    )
    shown_url = models.CharField("address", max_length=600, editable=False, help_text="Without what stands behind a ?.")
    description = models.CharField(max_length=200, blank=True, help_text="What it is for, in your own words.")
    event_types = ArrayField(
        models.CharField(max_length=40, choices=SUBSCRIBABLE),
        default=list,
        blank=True,
        help_text="Which events it is told of. None chosen: all but those of each single mail.",
    )
    secret = EncryptedTextField(editable=False, help_text="Signs each event. Shown once, when it is made.")
    previous_secret = EncryptedTextField(
        blank=True, default="", editable=False, help_text="Signs as well for a day after a new one was made."
    )
    previous_secret_until = models.DateTimeField(null=True, editable=False)
    status = models.CharField(
        max_length=10, choices=EndpointStatus, default=EndpointStatus.ACTIVE, db_default="active", editable=False
    )
    status_reason = models.TextField(blank=True, default="", editable=False, help_text="Why it is disabled.")
    disabled_at = models.DateTimeField(null=True, editable=False)
    is_disabled_by_system = models.BooleanField(
        "disabled by the system", default=False, db_default=False, editable=False
    )
    failing_since = models.DateTimeField(null=True, editable=False, help_text="No event has come through since then.")
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        db_table = "webhook_endpoints"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="webhook_endpoint_disabled_iff_time_and_reason",
                condition=(Q(status="active", disabled_at=None, status_reason="", is_disabled_by_system=False))
                | (Q(status="disabled", disabled_at__isnull=False) & ~Q(status_reason="")),
            ),
            models.CheckConstraint(
                name="webhook_endpoint_previous_secret_has_an_end",
                condition=Q(previous_secret="", previous_secret_until=None)
                | (~Q(previous_secret="") & Q(previous_secret_until__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        """By its host alone: the path may hold a token as well, and this stands where nothing can be erased."""
        return self.description or urlsplit(self.shown_url).netloc

    @property
    def is_failing(self) -> bool:
        """Whether the last event did not come through."""
        return self.failing_since is not None
