from typing import Self

from django.db import models
from django.db.models import Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class EventType(models.TextChoices):
    OPEN = "open", "Open"
    CLICK = "click", "Click"
    BOUNCE = "bounce", "Bounce"
    REPLY = "reply", "Reply"
    FORWARD = "forward", "Forward"
    UNSUBSCRIBE = "unsubscribe", "Unsubscribe"
    COMPLAIN = "complain", "Complaint"


class EventQuerySet(OrganizationQuerySet):
    def human(self) -> Self:
        """Without what scanners, proxies and pre-fetchers did."""
        return self.filter(is_machine=False)


class EmailEvent(Tenanted, models.Model):
    """Something that happened to a message. Written once, never changed."""

    is_personal = True
    organization_path = "campaign_recipient__campaign__organization"
    deleting_path = "campaign_recipient__campaign__deleting_at"

    campaign_recipient = models.ForeignKey("campaigns.Recipient", on_delete=models.DB_CASCADE, related_name="events")
    message = models.ForeignKey("campaigns.Message", on_delete=models.DB_CASCADE, null=True, related_name="events")
    event_type = models.CharField(max_length=20, choices=EventType)
    event_data = models.JSONField(default=dict)
    user_agent = models.TextField(blank=True, default="")
    ip_address = models.GenericIPAddressField("IP address", null=True)
    is_machine = models.BooleanField("automated", default=False)
    machine_reason = models.CharField(max_length=60, blank=True, default="")
    source = models.CharField(max_length=60, help_text="The endpoint it came through.")
    source_event_id = models.CharField("source event ID", max_length=200, null=True)
    created_at = models.DateTimeField()

    objects = EventQuerySet.as_manager()

    class Meta:
        db_table = "email_tracking"
        ordering = ["-id"]
        verbose_name = "event"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_event_id"],
                condition=Q(source_event_id__isnull=False),
                name="event_once_per_source",
            ),
            models.CheckConstraint(condition=Q(event_type__in=EventType.values), name="event_type_known"),
            models.CheckConstraint(
                condition=(Q(is_machine=True) & ~Q(machine_reason="")) | Q(is_machine=False, machine_reason=""),
                name="event_machine_iff_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="event_created_at"),
            models.Index(fields=["event_type"], name="event_type"),
            models.Index(fields=["ip_address"], name="event_ip_address"),
            models.Index(fields=["campaign_recipient", "event_type"], name="event_recipient_type"),
            models.Index(fields=["message"], name="event_message"),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_type_display()}: {self.campaign_recipient}"
