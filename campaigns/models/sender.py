from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.validators import DomainNameValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from campaigns.models.oauth import LogsIn, without_tokens_once_ended
from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.accounts.timezones import validate_timezone
from campaigns_project.database.statement_keys import let_go
from campaigns_project.encryption import EncryptedTextField
from leads.addresses import stored_form


class SenderSecurity(models.TextChoices):
    STARTTLS = "starttls", "STARTTLS (usual on port 587)"
    TLS = "tls", "TLS from the first byte (usual on port 465)"
    NONE = "none", "None (only inside one's own network)"


class SenderKind(models.TextChoices):
    SMTP = "smtp", "SMTP server"
    ESP = "esp", "E-mail service (API)"
    SANDBOX = "sandbox", "Local mailbox only"


class SenderStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"


LIMITS = {
    "daily_limit": "daily_limit_from_one",
    "hourly_limit": "hourly_limit_from_one",
    "domain_daily_limit": "domain_limit_from_one",
    "ramp_start": "ramp_start_from_one",
    "ramp_ceiling": "ramp_ceiling_from_one",
}


def _limit(help_text: str) -> models.PositiveIntegerField:
    return models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)], help_text=help_text)


class SenderQuerySet(OrganizationQuerySet):
    def able(self) -> "SenderQuerySet":
        """Senders that may be used now."""
        return self.filter(status=SenderStatus.ACTIVE)


class Sender(Tenanted, LogsIn):
    """A mailbox mails go out from. With SANDBOX on, its mails reach the local mailbox and nothing else."""

    # Left out where many are read and nobody needs them: each costs a decryption.
    SECRETS: ClassVar = ("password", "esp_settings", "webhook_secret", *LogsIn.TOKENS)

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="senders")
    email = models.EmailField("e-mail", max_length=254)
    email_normalized = models.CharField(
        max_length=320,
        null=True,
        editable=False,
        help_text="As addresses are compared. Empty where another sender had it before they were.",
    )
    name = models.CharField("shown name", max_length=100, blank=True)
    reply_to = models.EmailField(max_length=254, blank=True, help_text="Empty: replies come to the address above.")
    kind = models.CharField(max_length=10, choices=SenderKind, default=SenderKind.SMTP)
    host = models.CharField("SMTP host", max_length=253, blank=True, help_text="Not used while SANDBOX is on.")
    port = models.PositiveIntegerField(default=587)
    security = models.CharField(max_length=10, choices=SenderSecurity, default=SenderSecurity.STARTTLS)
    username = models.CharField(max_length=254, blank=True)
    password = EncryptedTextField(blank=True, default="", help_text="Kept encrypted, never shown again.")
    esp = models.CharField("e-mail service", max_length=40, blank=True, help_text="E.g. postmark, mailgun, sendgrid.")
    esp_settings = EncryptedTextField(
        "service settings",
        blank=True,
        default="",
        help_text="The service's keys as JSON, e.g. {“server_token”: “…”}. Kept encrypted, never shown again.",
    )
    webhook_service = models.CharField(
        "reported by",
        max_length=40,
        blank=True,
        default="",
        help_text="The e-mail service that reports what became of its mails. Empty: the one they go out through.",
    )
    webhook_secret = EncryptedTextField(
        blank=True,
        default="",
        help_text="What proves that a report is the service's. Kept encrypted, never shown again.",
    )
    webhook_turn = models.PositiveIntegerField(
        default=0, editable=False, help_text="How often its webhook address was renewed; earlier ones are closed."
    )
    heard_at = models.DateTimeField(null=True, editable=False, help_text="The last report of its service came then.")
    return_path_domain = models.CharField(
        max_length=190,
        blank=True,
        default="",
        validators=[DomainNameValidator(accept_idna=False)],
        help_text="A domain that takes bounces, e.g. bounces.example.com: each mail gets a return path of its own "
        "there. Empty: bounces go to the address above.",
    )
    return_path_plus = models.BooleanField(
        "plus addresses",
        default=False,
        help_text="The mailbox takes name+anything@…, so that a return path of its own can stand behind the plus.",
    )
    mailbox = models.ForeignKey(
        "campaigns.Mailbox",
        on_delete=models.DB_SET_NULL,
        null=True,
        blank=True,
        related_name="senders",
        help_text="Where its replies and bounces arrive and are read. Several senders may share one.",
    )
    max_connections = models.PositiveSmallIntegerField(
        "connections", default=4, help_text="Most connections at once to its server, over all workers."
    )
    timezone = models.CharField(
        "time zone",
        max_length=64,
        default="UTC",
        validators=[validate_timezone],
        help_text="Where its day begins, for limits.",
    )
    daily_limit = _limit("Most mails a day. Empty: no limit.")
    hourly_limit = _limit("Most mails in one hour of the clock. Empty: no limit.")
    domain_daily_limit = _limit("Most mails a day to addresses of one domain. Empty: no limit.")
    gap_seconds = models.PositiveIntegerField("gap", default=0, help_text="Least seconds between two mails.")
    gap_jitter_seconds = models.PositiveIntegerField(
        "gap jitter", default=0, help_text="Up to so many seconds more, by chance."
    )
    ramp_start = _limit("Mails on the first day of a ramp-up. Empty: none.")
    ramp_increase = models.PositiveIntegerField("ramp increase", default=0, help_text="So many more each day.")
    ramp_ceiling = _limit("Where the ramp-up ends. Empty: at the daily limit.")
    ramp_started_on = models.DateField("ramp began on", null=True, blank=True)
    next_slot_at = models.DateTimeField(null=True, editable=False, help_text="The gap after its last mail ends then.")
    guard_percent = models.PositiveSmallIntegerField(
        "bounce guard",
        default=8,
        validators=[MaxValueValidator(100)],
        help_text="It pauses itself above this share of bounced mails, in per cent. 0: no guard.",
    )
    guard_floor = models.PositiveIntegerField(
        "guard floor", default=50, help_text="The guard judges no fewer mails than these."
    )
    guard_since = models.DateTimeField(null=True, editable=False, help_text="The guard judges no mail before this.")
    dkim_selector = models.CharField(
        "DKIM selector",
        max_length=63,
        blank=True,
        help_text="The name under which its domain publishes the signing key; whoever signs the mails tells it.",
    )
    health = models.JSONField(null=True, editable=False, help_text="What the last look at it found, check by check.")
    health_checked_at = models.DateTimeField(null=True, editable=False)
    status = models.CharField(max_length=10, choices=SenderStatus, default=SenderStatus.ACTIVE, editable=False)
    status_reason = models.TextField(blank=True, editable=False)
    backs_off_until = models.DateTimeField(
        null=True, editable=False, help_text="Its server could not be reached; it is left alone until then."
    )
    failed_tries = models.PositiveIntegerField(
        default=0, editable=False, help_text="How often in a row its server could not be reached; each wait is longer."
    )
    in_vain = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How many of its last mails, in a row, came to nothing for a reason that was not theirs.",
    )
    refused_at_mail = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How many of its last mails, in a row, were refused for good before their recipients were named.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    broken: ClassVar = {
        "sender_port_in_range": ("port", "A port is a number from 1 to 65535."),
        "sender_connections_from_one": ("max_connections", "One connection is the least."),
    }

    objects = SenderQuerySet.as_manager()

    class Meta:
        db_table = "senders"
        triggers = [let_go("messages_forget_it", table="campaign_messages", column="sender_id")]
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "email"], name="sender_once_per_organization"),
            models.UniqueConstraint(
                fields=["organization", "email_normalized"], name="sender_address_once_per_organization"
            ),
            models.CheckConstraint(condition=Q(status__in=SenderStatus.values), name="sender_status_known"),
            models.CheckConstraint(condition=Q(security__in=SenderSecurity.values), name="sender_security_known"),
            models.CheckConstraint(condition=Q(port__gte=1, port__lte=65535), name="sender_port_in_range"),
            without_tokens_once_ended("sender"),
            models.CheckConstraint(condition=Q(kind__in=SenderKind.values), name="sender_kind_known"),
            models.CheckConstraint(condition=Q(max_connections__gte=1), name="sender_connections_from_one"),
            models.CheckConstraint(condition=Q(guard_percent__lte=100), name="sender_guard_is_a_share"),
            models.CheckConstraint(
                condition=Q(ramp_start=None) | Q(ramp_started_on__isnull=False), name="sender_ramp_has_a_first_day"
            ),
            *(
                models.CheckConstraint(condition=Q(**{field: None}) | Q(**{f"{field}__gte": 1}), name=f"sender_{name}")
                for field, name in LIMITS.items()
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """As always, and with its address in the form that is compared."""
        if update_fields is None or "email" in update_fields:
            self.email_normalized = self._form_of_its_own()
            update_fields = None if update_fields is None else {*update_fields, "email_normalized"}
        super().save(update_fields=update_fields, **kwargs)

    def _form_of_its_own(self) -> str | None:
        """None for one that stood beside another with its address when addresses began to be compared, and still does:
        its other fields can be changed all the same."""
        form = stored_form(self.email)
        if self._state.adding or self.email_normalized is not None:
            return form
        others = Sender.objects.filter(organization=self.organization_id, email_normalized=form).exclude(pk=self.pk)
        return None if others.exists() else form


class CampaignSender(Tenanted, models.Model):
    """A sender that a campaign may use; recipients are spread over them and then stay with theirs."""

    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="campaign_senders")
    sender = models.ForeignKey("campaigns.Sender", on_delete=models.DB_CASCADE, related_name="campaign_senders")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_senders"
        constraints = [models.UniqueConstraint(fields=["campaign", "sender"], name="campaign_sender_once")]

    def __str__(self) -> str:
        return str(self.sender)
