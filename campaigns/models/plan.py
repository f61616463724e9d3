from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class PlanMetric(models.TextChoices):
    """What a plan aims at: a counter of its campaigns, added up."""

    REPLIES = "replies", "people who replied"
    REACHED = "reached", "people reached"
    SENT = "sent", "mails sent"
    BOOKED = "booked", "people who booked"


class CampaignPlan(Tenanted, models.Model):
    """What several campaigns are to bring in a time. It stays when they go; a campaign is in one plan at most."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="plans")
    name = models.CharField(max_length=200)
    goal = models.TextField(blank=True, help_text="What it is for, in a sentence or two.")
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="Its last day.")
    target_metric = models.CharField("target of", max_length=10, choices=PlanMetric, blank=True, default="")
    target_value = models.PositiveIntegerField("target", null=True, blank=True, help_text="E.g. 40 replies.")
    budgeted_touches = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most mails its campaigns are meant to send, together. Nothing stops at it."
    )
    calls_interested = models.BooleanField(
        "call who is interested",
        default=False,
        help_text="When somebody sets a lead of its campaigns to interested, a task to call within 24 hours is made.",
    )
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    broken: ClassVar = {
        "plan_ends_after_it_starts": ("ends_on", "The last day is before the first."),
        "plan_target_is_whole": ("target_value", "Give both, what is counted and how many of it, or neither."),
    }

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_plans"
        ordering = ["-starts_on", "-id"]
        verbose_name = "plan"
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="plan_named_once"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="plan_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(target_metric__in=PlanMetric.values, target_value__isnull=False, target_value__gte=1)
                | Q(target_metric="", target_value=None),
                name="plan_target_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name
