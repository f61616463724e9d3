from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models.recipient import ExitReason
from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.states import ProgressStatus


class DeEnrollmentRun(Tenanted, models.Model):
    """One sweep that takes people out of campaigns that have not ended, and its own record of progress.

    Looked for is whoever must not be in any more (see `campaigns.de_enrollment.judging`), or, with `lead_ids`, people
    somebody named.
    """

    deleting_path = "campaign__deleting_at"

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="de_enrollment_runs"
    )
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DB_CASCADE,
        null=True,
        related_name="de_enrollment_runs",
        help_text="Empty: all of the organization.",
    )
    is_automatic = models.BooleanField("automatic", default=False, db_default=False, help_text="Asked for by the tick.")
    is_dry_run = models.BooleanField("only looked", default=False, db_default=False)
    lead_ids = ArrayField(
        models.BigIntegerField(),
        default=list,
        db_default=[],
        help_text="Numbers of people who are taken out since somebody named them; empty for a sweep.",
        verbose_name="lead IDs",
    )
    status = models.CharField(max_length=20, choices=ProgressStatus, default=ProgressStatus.QUEUED)
    scanned = models.IntegerField(default=0, db_default=0, help_text="How many were still in and looked at.")
    found = models.IntegerField(default=0, db_default=0, help_text="How many of them have to leave.")
    removed = models.IntegerField(default=0, db_default=0)
    already_out = models.IntegerField(default=0, db_default=0, help_text="Had left when their turn came.")
    cleared = models.IntegerField(default=0, db_default=0, help_text="Had no reason to leave any more by then.")
    by_reason = models.JSONField(default=dict, db_default={}, help_text="How many of those removed, by exit reason.")
    lag_p50 = models.FloatField(null=True, help_text="Seconds from the news to the removal: half were no later.")
    lag_p95 = models.FloatField(null=True, help_text="The same for 95 of a hundred.")
    lag_most = models.FloatField(null=True, help_text="The same for the latest.")
    reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    error_message = models.TextField(blank=True, default="", db_default="")
    asked_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "de_enrollment_runs"
        ordering = ["-id"]
        verbose_name = "de-enrollment run"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ProgressStatus.values), name="de_enrollment_status_known"),
            models.CheckConstraint(
                condition=Q(status__in=ProgressStatus.ended, finished_at__isnull=False)
                | (~Q(status__in=ProgressStatus.ended) & Q(finished_at=None)),
                name="de_enrollment_ended_iff_finished_at",
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(is_automatic=True, status__in=["queued", "running"]),
                name="one_automatic_de_enrollment_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["organization", "-id"], name="de_enrollment_run_newest")]

    def __str__(self) -> str:
        people = "1 person" if len(self.lead_ids) == 1 else f"{len(self.lead_ids):,} people"
        whom = f"De-enrollment of {people}" if self.lead_ids else "Sweep"
        return f"{whom}, {timezone.localtime(self.created_at):%-d %b %Y %H:%M %Z}"


class Outcome(models.TextChoices):
    """What became of somebody whom a run found."""

    FOUND = "found", "to be taken out"
    WOULD_LEAVE = "would_leave", "would be taken out"
    REMOVED = "removed", "taken out"
    ALREADY_OUT = "already_out", "had left by then"
    CLEARED = "cleared", "had no reason to leave any more"


class DeEnrollmentLog(Tenanted, models.Model):
    """Somebody whom a run found: why, since when, and what became of it. Goes with the recipient."""

    is_personal = True
    organization_path = "run__organization"
    deleting_path = "recipient__campaign__deleting_at"

    run = models.ForeignKey(
        "campaigns.DeEnrollmentRun", on_delete=models.DB_CASCADE, db_index=False, related_name="logs"
    )
    recipient = models.ForeignKey("campaigns.Recipient", on_delete=models.DB_CASCADE, related_name="de_enrollment_logs")
    reason = models.CharField(max_length=30, choices=ExitReason)
    trigger_at = models.DateTimeField(help_text="Since when they must not be in: the news, or the enrollment after it.")
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.FOUND, db_default=Outcome.FOUND)
    settled_at = models.DateTimeField(null=True, help_text="When that became of it.")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "de_enrollment_logs"
        ordering = ["-id"]
        verbose_name = "de-enrollment"
        constraints = [
            models.UniqueConstraint(fields=["run", "recipient"], name="found_once_per_de_enrollment_run"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="de_enrollment_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome__in=["found", "would_leave"], settled_at=None)
                | (~Q(outcome__in=["found", "would_leave"]) & Q(settled_at__isnull=False)),
                name="de_enrollment_settled_iff_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["run", "recipient"], condition=Q(outcome="found"), name="de_enrollment_to_do"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.get_reason_display()}"

    @property
    def lag(self) -> float | None:
        """Seconds from the news to the removal; None for who was not taken out."""
        if self.outcome != Outcome.REMOVED or self.settled_at is None:
            return None
        return (self.settled_at - self.trigger_at).total_seconds()
