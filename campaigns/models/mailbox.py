from typing import ClassVar

from django.db import models
from django.db.models import Q

from campaigns.models.oauth import LogsIn, without_tokens_once_ended
from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.encryption import EncryptedTextField

INBOX = "INBOX"  # what every server calls it (RFC 3501 5.1)
MOST_FOLDERS = 10


class MailboxSecurity(models.TextChoices):
    TLS = "tls", "TLS from the first byte (usual on port 993)"
    STARTTLS = "starttls", "STARTTLS (usual on port 143)"
    NONE = "none", "None (only inside one's own network)"


class MailboxStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"


def the_inbox() -> list[str]:
    """What is read unless somebody says otherwise."""
    return [INBOX]


class MailboxQuerySet(OrganizationQuerySet):
    def able(self) -> "MailboxQuerySet":
        """Mailboxes that are read."""
        return self.filter(status=MailboxStatus.ACTIVE)


class Mailbox(Tenanted, LogsIn):
    """Where replies and bounces arrive: read over IMAP, and nothing in it is changed."""

    SECRETS: ClassVar = ("password", *LogsIn.TOKENS)

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="mailboxes")
    name = models.CharField(max_length=100, help_text="What it is called here.")
    host = models.CharField("IMAP host", max_length=253)
    port = models.PositiveIntegerField(default=993)
    security = models.CharField(max_length=10, choices=MailboxSecurity, default=MailboxSecurity.TLS)
    username = models.CharField(max_length=254)
    password = EncryptedTextField(blank=True, default="", help_text="Kept encrypted, never shown again.")
    folders = models.JSONField(
        default=the_inbox,
        help_text="The folders that are read, as the server names them. Bounces and replies may land in spam as well.",
    )
    status = models.CharField(max_length=10, choices=MailboxStatus, default=MailboxStatus.ACTIVE, editable=False)
    status_reason = models.TextField(blank=True, editable=False)
    positions = models.JSONField(default=dict, editable=False, help_text="How far each folder was read.")
    seen_count = models.PositiveBigIntegerField(
        "mails looked at", default=0, editable=False, help_text="Most concern nobody we wrote to and leave no trace."
    )
    taken_count = models.PositiveBigIntegerField("mails taken", default=0, editable=False)
    last_read_at = models.DateTimeField(null=True, editable=False)
    last_error = models.TextField(blank=True, editable=False, help_text="Why the last look failed; empty: it did not.")
    failed_tries = models.PositiveIntegerField(default=0, editable=False)
    next_look_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    broken: ClassVar = {"mailbox_port_in_range": ("port", "A port is a number from 1 to 65535.")}

    objects = MailboxQuerySet.as_manager()

    class Meta:
        db_table = "mailboxes"
        ordering = ["name"]
        verbose_name_plural = "mailboxes"
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="mailbox_name_once_per_organization"),
            models.CheckConstraint(condition=Q(status__in=MailboxStatus.values), name="mailbox_status_known"),
            models.CheckConstraint(condition=Q(security__in=MailboxSecurity.values), name="mailbox_security_known"),
            models.CheckConstraint(condition=Q(port__gte=1, port__lte=65535), name="mailbox_port_in_range"),
            without_tokens_once_ended("mailbox"),
        ]

    def __str__(self) -> str:
        return self.name
