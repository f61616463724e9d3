from enum import nonmember

from django.db import models
from django.db.models import Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.states import ProgressStatus


class JobKind(models.TextChoices):
    ENROLL = "enroll", "Enrollment"
    SEND = "send", "Sending"
    PREFLIGHT = "preflight", "Pre-flight check"
    FETCH = "fetch", "Lead fetching"
    RANK = "rank", "Ranking"
    DELETE = "delete", "Deletion"
    ERASE = "erase", "Erasure"

    deleting = nonmember(frozenset({"delete", "erase"}))


class Job(Tenanted, models.Model):
    """One piece of background work with progress, counts and an end."""

    deleting_path = "campaign__deleting_at"

    organization = models.ForeignKey(
        "accounts.Organization",
        on_delete=models.DB_CASCADE,
        null=True,
        related_name="jobs",
        help_text="Empty for the erasure of one, which outlives it.",
    )
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DB_CASCADE,
        null=True,
        related_name="jobs",
        help_text="Empty for work that outlives its campaign.",
    )
    subject_ref = models.BigIntegerField(
        "number of what it deletes",
        null=True,
        help_text="A campaign's or organization's; no foreign key, since it goes.",
    )
    kind = models.CharField(max_length=20, choices=JobKind)
    status = models.CharField(max_length=20, choices=ProgressStatus, default=ProgressStatus.QUEUED)
    total = models.IntegerField(null=True, help_text="Unknown until counted.")
    done = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    result = models.JSONField(default=dict, help_text="Counts at the end, by name.")
    state = models.JSONField(default=dict, db_default={}, help_text="What the work has to remember; for nobody else.")
    error_message = models.TextField(blank=True)
    created_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "jobs"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ProgressStatus.values), name="job_status_known"),
            models.CheckConstraint(condition=Q(kind__in=JobKind.values), name="job_kind_known"),
            models.CheckConstraint(
                condition=Q(status__in=ProgressStatus.ended, finished_at__isnull=False)
                | (~Q(status__in=ProgressStatus.ended) & Q(finished_at=None)),
                name="job_ended_iff_finished_at",
            ),
            models.UniqueConstraint(
                fields=["campaign"],
                condition=Q(kind="send", status__in=["queued", "running"]),
                name="one_sending_job_per_campaign",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_ref"],
                condition=Q(status__in=["queued", "running", "stalled"]),
                name="one_open_deletion_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["delete", "erase"], subject_ref__isnull=False, campaign=None)
                | (~Q(kind__in=["delete", "erase"]) & Q(subject_ref=None)),
                name="job_deletes_iff_subject",
            ),
            models.CheckConstraint(
                condition=Q(kind="erase", organization=None) | (~Q(kind="erase") & Q(organization__isnull=False)),
                name="job_of_an_organization_unless_it_erases_one",
            ),
        ]
        indexes = [models.Index(fields=["campaign", "-id"], name="job_by_campaign")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} (job {self.pk})"
