"""Who works here: a row for every process that should be alive, renewed by that process."""

from django.db import models


class WorkerKind(models.TextChoices):
    SUPERVISOR = "supervisor", "Supervisor"
    QCLUSTER = "qcluster", "Task cluster"
    TICK = "tick", "Tick"


class WorkerHeartbeat(models.Model):
    """The last sign of life of one process. All times are the database's, so that machines need not agree on one."""

    name = models.CharField(max_length=200, unique=True, help_text="For example tick@host-3f9a2c.")
    kind = models.CharField(max_length=20, choices=WorkerKind)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField("process ID")
    capacity = models.PositiveIntegerField(default=0, help_text="How many tasks it can run at the same time.")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    busy_until = models.DateTimeField(
        null=True, blank=True, help_text="When the task it runs must have ended, or will be ended."
    )
    detail = models.TextField(blank=True, help_text="What it does, in a few words.")

    class Meta:
        db_table = "worker_heartbeats"
        ordering = ["kind", "name"]
        indexes = [models.Index(fields=["kind", "seen_at"], name="heartbeat_kind_seen")]
        constraints = [
            models.CheckConstraint(name="heartbeat_kind_known", condition=models.Q(kind__in=WorkerKind.values))
        ]

    def __str__(self) -> str:
        return self.name


class DutyRun(models.Model):
    """When the tick last did one of its duties, and how it went. All times are the database's."""

    name = models.CharField(max_length=100, unique=True)
    every_seconds = models.FloatField(help_text="How often it is to be done.")
    ran_at = models.DateTimeField("last run")
    took_seconds = models.FloatField()
    succeeded_at = models.DateTimeField("last success", null=True)
    failed_at = models.DateTimeField("last failure", null=True)
    error = models.TextField(blank=True, help_text="What went wrong the last time it failed.")

    class Meta:
        db_table = "duty_runs"
        ordering = ["name"]
        verbose_name = "duty"
        verbose_name_plural = "duties"
        constraints = [
            models.CheckConstraint(
                name="duty_failed_iff_error",
                condition=models.Q(failed_at=None, error="")
                | (models.Q(failed_at__isnull=False) & ~models.Q(error="")),
            )
        ]

    def __str__(self) -> str:
        return self.name
