from django.db import models
from django.db.models import Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class Direction(models.TextChoices):
    """Which way a metric is meant to go."""

    UP = "up", "More is better"
    DOWN = "down", "Less is better"


class Cadence(models.TextChoices):
    """How often a value is expected."""

    DAILY = "daily", "Daily"
    WEEKLY = "weekly", "Weekly"
    MONTHLY = "monthly", "Monthly"


class MetricDefinition(Tenanted, models.Model):
    """A number that people of an organization write down, such as meetings held."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="metrics")
    name = models.CharField(max_length=100)
    unit = models.CharField(max_length=30, blank=True, help_text="E.g. meetings, EUR, %.")
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.UP)
    target = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    cadence = models.CharField(max_length=10, choices=Cadence, default=Cadence.DAILY)
    entered_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.DB_SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who is asked for it. Any operator may enter it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "metric_definitions"
        ordering = ["name"]
        verbose_name = "metric"
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="metric_named_once"),
            models.CheckConstraint(condition=Q(direction__in=Direction.values), name="metric_direction_known"),
            models.CheckConstraint(condition=Q(cadence__in=Cadence.values), name="metric_cadence_known"),
        ]

    def __str__(self) -> str:
        return self.name


class MetricEntry(Tenanted, models.Model):
    """The value of a metric on a day. A correction replaces it; the audit log keeps what it was."""

    is_personal = True
    organization_path = "metric__organization"

    metric = models.ForeignKey(
        "campaigns.MetricDefinition", on_delete=models.DB_CASCADE, db_index=False, related_name="entries"
    )
    date = models.DateField()
    value = models.DecimalField(max_digits=18, decimal_places=4)
    note = models.CharField(max_length=300, blank=True)
    entered_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "metric_entries"
        ordering = ["-date", "-id"]
        verbose_name_plural = "metric entries"
        constraints = [models.UniqueConstraint(fields=["metric", "date"], name="metric_entered_once_a_day")]

    def __str__(self) -> str:
        return f"{self.metric} on {self.date}"
