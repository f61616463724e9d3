from django.db import models
from django.db.models import Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.encryption import EncryptedTextField


class SenderSecurity(models.TextChoices):
    STARTTLS = "starttls", "STARTTLS (usual on port 587)"
    TLS = "tls", "TLS from the first byte (usual on port 465)"
    NONE = "none", "None (only inside one's own network)"


class SenderStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"


class SenderQuerySet(OrganizationQuerySet):
    def able(self) -> "SenderQuerySet":
        """Senders that may be used now."""
        return self.filter(status=SenderStatus.ACTIVE)


class Sender(Tenanted, models.Model):
    """A mailbox mails go out from. With SANDBOX on, its mails reach the local mailbox and nothing else."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="senders")
    email = models.EmailField("e-mail", max_length=254)
    name = models.CharField("shown name", max_length=100, blank=True)
    reply_to = models.EmailField(max_length=254, blank=True, help_text="Empty: replies come to the address above.")
    host = models.CharField("SMTP host", max_length=253, blank=True, help_text="Not used while SANDBOX is on.")
    port = models.PositiveIntegerField(default=587)
    security = models.CharField(max_length=10, choices=SenderSecurity, default=SenderSecurity.STARTTLS)
    username = models.CharField(max_length=254, blank=True)
    password = EncryptedTextField(blank=True, default="", help_text="Kept encrypted, never shown again.")
    status = models.CharField(max_length=10, choices=SenderStatus, default=SenderStatus.ACTIVE, editable=False)
    status_reason = models.TextField(blank=True, editable=False)
    backs_off_until = models.DateTimeField(
        null=True, editable=False, help_text="Its server could not be reached; it is left alone until then."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SenderQuerySet.as_manager()

    class Meta:
        db_table = "senders"
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "email"], name="sender_once_per_organization"),
            models.CheckConstraint(condition=Q(status__in=SenderStatus.values), name="sender_status_known"),
            models.CheckConstraint(condition=Q(security__in=SenderSecurity.values), name="sender_security_known"),
            models.CheckConstraint(condition=Q(port__gte=1, port__lte=65535), name="sender_port_in_range"),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


class CampaignSender(Tenanted, models.Model):
    """A sender that a campaign may use; recipients are spread over them and then stay with theirs."""

    organization_path = "campaign__organization"

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="campaign_senders")
    sender = models.ForeignKey("campaigns.Sender", on_delete=models.DB_CASCADE, related_name="campaign_senders")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_senders"
        constraints = [models.UniqueConstraint(fields=["campaign", "sender"], name="campaign_sender_once")]

    def __str__(self) -> str:
        return str(self.sender)
