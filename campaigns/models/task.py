from datetime import datetime
from enum import nonmember
from typing import Self

from django.db import models
from django.db.models import Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class TaskStatus(models.TextChoices):
    """The columns of the board, from left to right."""

    TO_DO = "to_do", "To do"
    DOING = "doing", "Doing"
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"

    OPEN = nonmember(("to_do", "doing", "waiting"))


class TaskKind(models.TextChoices):
    """What kind of work it is."""

    CALL = "call", "Call"
    REPLY = "reply", "Reply"
    RESEARCH = "research", "Research"
    APPROVE = "approve", "Approve"
    OTHER = "other", "Other"


class TaskQuerySet(OrganizationQuerySet):
    def undone(self) -> Self:
        return self.filter(status__in=TaskStatus.OPEN)

    def overdue(self, now: datetime) -> Self:
        return self.undone().filter(due_at__lt=now)


class OperatorTask(Tenanted, models.Model):
    """Work for a person, about a campaign or a lead where it names one; it goes with either."""

    is_personal = True
    deleting_path = "campaign__deleting_at"

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="tasks")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=TaskKind, default=TaskKind.OTHER)
    note = models.TextField(blank=True)
    due_at = models.DateTimeField("due", null=True, blank=True)
    assignee = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, blank=True, related_name="operator_tasks"
    )
    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.DB_CASCADE, null=True, blank=True, related_name="operator_tasks"
    )
    lead = models.ForeignKey(
        "leads.Lead", on_delete=models.DB_CASCADE, null=True, blank=True, related_name="operator_tasks"
    )
    checklist = models.JSONField(default=list, db_default=[], blank=True, help_text="Parts of it: text and done.")
    status = models.CharField(max_length=10, choices=TaskStatus, default=TaskStatus.TO_DO, editable=False)
    position = models.FloatField(default=0, editable=False, help_text="Its place in the column: the least is on top.")
    version = models.PositiveIntegerField(default=1, editable=False, help_text="One more with every change.")
    changed_by = models.CharField(max_length=254, blank=True, default="", editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        db_table = "operator_tasks"
        ordering = ["status", "position", "id"]
        verbose_name = "operator task"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=TaskKind.values), name="task_kind_known"),
            models.CheckConstraint(condition=Q(status__in=TaskStatus.values), name="task_status_known"),
            models.CheckConstraint(
                condition=Q(status="done", completed_at__isnull=False) | (~Q(status="done") & Q(completed_at=None)),
                name="task_done_iff_completed_at",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "status", "position"], name="task_on_the_board"),
            models.Index(fields=["organization", "due_at"], condition=~Q(status="done"), name="task_due"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def parts_done(self) -> int:
        """Of its checklist."""
        return sum(part["done"] for part in self.checklist)
