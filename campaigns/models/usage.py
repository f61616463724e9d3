from django.db import models
from django.db.models import Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class UsageScope(models.TextChoices):
    """What is counted: mails of a day or an hour, to one domain, or first mails."""

    DAY = "day", "mails of a day"
    HOUR = "hour", "mails of an hour"
    DOMAIN = "domain", "mails of a day to one domain"
    NEW_LEADS = "new_leads", "first mails of a day"


class SenderUsage(Tenanted, models.Model):
    """How many mails of a limited sender were let through in a period. Reserved before the mail, never passed."""

    organization_path = "sender__organization"

    sender = models.ForeignKey("campaigns.Sender", on_delete=models.DB_CASCADE, related_name="usage")
    scope = models.CharField(max_length=10, choices=UsageScope)
    domain = models.CharField(max_length=255, blank=True, default="")
    starts_at = models.DateTimeField(help_text="When the day or hour began.")
    used = models.PositiveIntegerField(default=0)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "sender_usage"
        constraints = [
            models.UniqueConstraint(fields=["sender", "scope", "domain", "starts_at"], name="sender_usage_once"),
            models.CheckConstraint(condition=Q(scope__in=["day", "hour", "domain"]), name="sender_usage_scope_known"),
            models.CheckConstraint(condition=Q(used__gte=0), name="sender_usage_not_negative"),
        ]
        indexes = [models.Index(fields=["starts_at"], name="sender_usage_starts_at")]

    def __str__(self) -> str:
        return f"{self.sender}: {self.used:,} {self.get_scope_display()}"


class CampaignUsage(Tenanted, models.Model):
    """How many mails of a limited campaign were let through on a day, and how many of them were first ones."""

    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="usage")
    scope = models.CharField(max_length=10, choices=UsageScope)
    starts_at = models.DateTimeField(help_text="When the day began, in the campaign's time zone.")
    used = models.PositiveIntegerField(default=0)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_usage"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "scope", "starts_at"], name="campaign_usage_once"),
            models.CheckConstraint(condition=Q(scope__in=["day", "new_leads"]), name="campaign_usage_scope_known"),
            models.CheckConstraint(condition=Q(used__gte=0), name="campaign_usage_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.used:,} {self.get_scope_display()}"
