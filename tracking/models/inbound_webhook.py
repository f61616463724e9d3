from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.delivery.hooks import label_of
from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class WebhookStatus(models.TextChoices):
    """Where a report of an e-mail service stands."""

    WAITING = "waiting", "Waiting"
    SETTLED = "settled", "Settled"
    QUARANTINED = "quarantined", "Quarantined"


class QuarantineCode(models.TextChoices):
    """Why a report of an e-mail service was put aside. Nothing came of it, and it can be tried again."""

    UNKNOWN_MESSAGE = "unknown_message", "It is about a mail that this organization has not sent, or has no more"
    UNREADABLE = "unreadable", "It is not written as the service writes its reports"
    UNCONFIRMED = "unconfirmed", "A subscription of Amazon SNS that could not be confirmed yet"
    FAULT = "fault", "A fault of ours kept it from being counted; the log says more"
    POISON = "poison", "It was begun three times and never ended"


class InboundWebhook(Tenanted, models.Model):
    """What an e-mail service reported, just as it came in: one plain insert, so that the service never waits for us.

    `tick` turns it into events within seconds. Of what is settled nothing of the content stays, and what remains says
    that it came before, should it come again; of several events in one only those stay that were put aside, each as a
    row of its own.
    """

    is_personal = True

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="+")
    sender = models.ForeignKey(
        "campaigns.Sender", on_delete=models.DB_CASCADE, null=True, related_name="inbound_webhooks"
    )
    instantly_account = models.ForeignKey(
        "campaigns.InstantlyAccount",
        on_delete=models.DB_CASCADE,
        null=True,
        related_name="inbound_webhooks",
        help_text="In the place of a sender, for what Instantly reports.",
    )
    service = models.CharField(max_length=40)
    status = models.CharField(max_length=20, choices=WebhookStatus, default=WebhookStatus.WAITING)
    reason = models.CharField(max_length=40, choices=QuarantineCode, blank=True, default="")
    body = models.TextField(blank=True, default="", help_text="As received, until it is read.")
    content_type = models.CharField(max_length=200, blank=True, default="")
    headers = models.JSONField(default=dict, help_text="Those that are part of the report.")
    event = models.JSONField(null=True, help_text="The one event that was put aside.")
    digest = models.CharField(max_length=64, help_text="Of the content: the same is taken once.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Begun so often without an end.")
    done = models.PositiveIntegerField(default=0, help_text="So many of its events were looked at.")
    counted = models.PositiveIntegerField(default=0, help_text="Events that something followed from.")
    ignored = models.PositiveIntegerField(default=0, help_text="Events that nothing follows from, or that were known.")
    put_aside = models.PositiveIntegerField(default=0, help_text="Events that were quarantined.")
    received_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "inbound_webhooks"
        ordering = ["-id"]
        verbose_name = "inbound webhook"
        constraints = [
            models.UniqueConstraint(fields=["sender", "digest"], name="inbound_webhook_once"),
            models.UniqueConstraint(fields=["instantly_account", "digest"], name="inbound_webhook_of_instantly_once"),
            models.CheckConstraint(
                condition=Q(sender__isnull=False) | Q(instantly_account__isnull=False),
                name="inbound_webhook_of_a_sender_or_of_instantly",
            ),
            models.CheckConstraint(condition=Q(status__in=WebhookStatus.values), name="inbound_webhook_status_known"),
            models.CheckConstraint(
                condition=Q(status="waiting", reason="", settled_at=None)
                | Q(status="settled", reason="", settled_at__isnull=False, body="", event__isnull=True)
                | (Q(status="quarantined", settled_at__isnull=False) & ~Q(reason="")),
                name="inbound_webhook_shape",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(status="waiting"), name="inbound_webhook_waiting"),
            models.Index(fields=["organization", "status"], name="inbound_webhook_status"),
            models.Index(fields=["received_at"], name="inbound_webhook_received"),
        ]

    def __str__(self) -> str:
        return f"Report of {label_of(self.service)}, {timezone.localtime(self.received_at):%-d %b %Y %H:%M:%S %Z}"
