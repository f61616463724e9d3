from typing import Any, Self

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.accounts.timezones import validate_timezone


class LeadStatus(models.TextChoices):
    """What we know about writing to this person; suppressions decide, this shows."""

    OK = "ok", "OK"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    BOUNCED = "bounced", "Bounced"
    COMPLAINED = "complained", "Complained"


class LeadQuerySet(OrganizationQuerySet):
    def tagged(self, tag: Any) -> Self:
        """Only leads that carry `tag`."""
        return self.filter(lead_tags__tag=tag)

    def matching(self, text: str) -> Self:
        """Leads whose address starts with `text`, or whose name or company holds it."""
        return self.filter(
            Q(email_normalized__startswith=text.lower())
            | Q(first_name__icontains=text)
            | Q(last_name__icontains=text)
            | Q(company__icontains=text)
        )


class Lead(Tenanted, models.Model):
    """A person we may write to: one row per organization and normalized e-mail."""

    is_personal = True

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="leads")
    email = models.EmailField("e-mail", max_length=254, help_text="As given; comparisons use the normalized form.")
    email_normalized = models.CharField(max_length=320, editable=False)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    company = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    website = models.CharField(max_length=300, blank=True)
    linkedin_url = models.CharField("LinkedIn", max_length=300, blank=True)
    city = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=120, blank=True)
    timezone = models.CharField(
        max_length=64, blank=True, db_default="", validators=[validate_timezone], help_text="E.g. Europe/Prague."
    )
    custom = models.JSONField(
        default=dict, blank=True, help_text="Further fields as texts, e.g. {“industry”: “Shipping”}."
    )
    status = models.CharField(max_length=20, choices=LeadStatus, default=LeadStatus.OK, editable=False)
    lead_import = models.ForeignKey(
        "leads.LeadImport", on_delete=models.DB_SET_NULL, null=True, editable=False, related_name="created_leads"
    )
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    objects = LeadQuerySet.as_manager()

    class Meta:
        db_table = "leads"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "email_normalized"], name="lead_once_per_organization"),
            models.CheckConstraint(
                condition=Q(email_normalized=Lower("email_normalized")) & ~Q(email_normalized=""),
                name="lead_normalized_is_lower",
            ),
            models.CheckConstraint(condition=Q(status__in=LeadStatus.values), name="lead_status_known"),
        ]
        indexes = [
            models.Index(OpClass("email_normalized", name="text_pattern_ops"), name="lead_email_prefix"),
            models.Index(fields=["organization", "-id"], name="lead_newest"),
            models.Index(fields=["organization", "status"], name="lead_by_status"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    @property
    def full_name(self) -> str:
        """First and last name, as far as known."""
        return f"{self.first_name} {self.last_name}".strip()
