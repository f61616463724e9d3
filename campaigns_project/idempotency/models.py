from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.encryption import EncryptedTextField


class RequestStatus(models.TextChoices):
    """One that ended and did nothing has no row any more: its key is free."""

    RUNNING = "running", "Running, or ended without a word"
    ANSWERED = "answered", "Answered"
    BROKEN = "broken", "Broken off after it had done something"


class IdempotentRequest(Tenanted, models.Model):
    """A request that named a key. The row is there, committed, before the work begins: of two at once one has it.

    The key itself is not kept, nor is anything of the body but a keyed hash. `acts_after` is the newest entry that the
    audit log had when the request began: what it did stands behind that, under its `request_id`.
    """

    is_personal = True  # the answer may name people

    # The unique constraint below begins with it, and serves as its index.
    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DB_CASCADE, help_text="Person or key's user.")
    key_digest = models.CharField(max_length=64, editable=False)
    method = models.CharField(max_length=7)
    path = models.TextField()
    fingerprint = models.CharField(max_length=64, editable=False)
    request_id = models.CharField("request ID", max_length=64)
    acts_after = models.BigIntegerField(editable=False)
    status = models.CharField(max_length=8, choices=RequestStatus, db_default="running")
    started_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)
    response_status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status of the answer.")
    headers = models.JSONField(default=dict, help_text="Those of the answer that say something of it.")
    body = EncryptedTextField(blank=True, default="", help_text="Of the answer; may hold a secret shown once.")
    keeps_body = models.BooleanField(db_default=True, help_text="False: a file, too long, or forgotten.")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "idempotent_requests"
        ordering = ["-id"]
        indexes = [models.Index(fields=["started_at"], name="idempotent_started")]
        constraints = [
            models.UniqueConstraint(fields=["organization", "user", "key_digest"], name="idempotent_key_once"),
            models.CheckConstraint(name="idempotent_status_known", condition=Q(status__in=RequestStatus.values)),
            models.CheckConstraint(
                name="idempotent_answered_iff_status_and_time",
                condition=Q(status="answered", response_status__isnull=False, answered_at__isnull=False)
                | (~Q(status="answered") & Q(response_status=None, answered_at=None, body="")),
            ),
            models.CheckConstraint(name="idempotent_body_only_where_kept", condition=Q(keeps_body=True) | Q(body="")),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
