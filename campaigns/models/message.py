from enum import nonmember
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.database.statement_keys import parents_exist


class MessageStatus(models.TextChoices):
    """Where one step to one recipient stands (docs/how-a-mail-leaves.md)."""

    PENDING = "pending", "Waiting"
    CLAIMED = "claimed", "Claimed by a worker"
    SENDING = "sending", "At the mail server now"
    SENT = "sent", "Sent"
    DEFERRED = "deferred", "Deferred by the mail server"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    UNCERTAIN = "uncertain", "Uncertain: may have arrived"

    WAITING = nonmember(frozenset({"pending", "deferred"}))
    IN_FLIGHT = nonmember(frozenset({"claimed", "sending"}))
    SETTLED = nonmember(frozenset({"sent", "failed", "skipped", "uncertain"}))


class MessageQuerySet(OrganizationQuerySet):
    def uncertain(self) -> Self:
        """Those that wait for evidence or a person's decision."""
        # Each has a reason, by constraint; said here too, so that the index of those that have one is used.
        return self.living().filter(status=MessageStatus.UNCERTAIN).exclude(reason="")


class Message(Tenanted, models.Model):
    """One step to one recipient: the row of the ledger. Written before anything is sent, settled once."""

    is_personal = True
    organization_path = "recipient__campaign__organization"
    deleting_path = "recipient__campaign__deleting_at"

    # The unique constraint below begins with it. Every index that a message is in is written twice a mail.
    recipient = models.ForeignKey(
        "campaigns.Recipient", on_delete=models.DB_CASCADE, related_name="messages", db_index=False
    )
    # The same few for all messages of a chunk: looked up once, by the triggers below and those of the three models.
    # An index below begins with it.
    step = models.ForeignKey(
        "campaigns.Step", on_delete=models.DB_CASCADE, related_name="messages", db_constraint=False, db_index=False
    )
    step_version = models.PositiveIntegerField(default=1)
    variant = models.ForeignKey(
        "campaigns.Variant", on_delete=models.DB_SET_NULL, null=True, related_name="messages", db_constraint=False
    )
    sender = models.ForeignKey(
        "campaigns.Sender",
        on_delete=models.DB_SET_NULL,
        null=True,
        related_name="messages",
        db_constraint=False,
        db_index=False,
    )
    status = models.CharField(max_length=20, choices=MessageStatus, default=MessageStatus.PENDING)
    attempts = models.PositiveIntegerField(
        default=0, help_text="Tries so far, counted before the work; a claim without one is taken back."
    )
    lost_claims = models.PositiveSmallIntegerField(
        default=0, help_text="Claims whose worker was never heard of again; three of them set the message aside."
    )
    fence = models.BigIntegerField(
        default=0, help_text="Grows with each claim; a worker with an older one may not send."
    )
    merge_values = models.JSONField(null=True, help_text="The values used, so that the exact mail can be shown again.")
    values_cleared_at = models.DateTimeField(
        null=True, help_text="When its values were forgotten for their age, or it was found that it has none."
    )
    subject = models.TextField(
        blank=True, default="", db_default="", help_text="As it was sent; follow-ups in the thread repeat it."
    )
    message_id = models.CharField("Message-ID", max_length=255, null=True)
    claimed_at = models.DateTimeField(null=True)
    # No foreign key, which would be checked for each mail, and in no index, so that settling a mail rewrites none.
    lease = models.BigIntegerField(
        null=True, help_text="The number of the lease under which a worker has it in hand; empty when none has."
    )
    attempted_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    first_deferred_at = models.DateTimeField(null=True)
    smtp_code = models.PositiveSmallIntegerField("SMTP code", null=True)
    smtp_reply = models.TextField("SMTP reply", blank=True, default="")
    reason = models.CharField(max_length=60, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        db_table = "campaign_messages"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "step"], name="message_once_per_recipient_and_step"),
            models.UniqueConstraint(fields=["message_id"], name="message_id_once"),
            models.CheckConstraint(condition=Q(status__in=MessageStatus.values), name="message_status_known"),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at=None)),
                name="message_sent_iff_sent_at",
            ),
            models.CheckConstraint(
                condition=(Q(status__in=["claimed", "sending"]) & Q(lease__isnull=False, claimed_at__isnull=False))
                | (~Q(status__in=["claimed", "sending"]) & Q(lease=None)),
                name="message_in_flight_iff_leased",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["failed", "skipped", "uncertain"]) | ~Q(reason=""),
                name="message_not_sent_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(merge_values__isnull=True) | Q(values_cleared_at=None),
                name="message_values_cleared_or_there",
            ),
            models.CheckConstraint(
                condition=~Q(status="sending") | Q(attempted_at__isnull=False, message_id__isnull=False),
                name="message_sending_is_identified",
            ),
        ]
        indexes = [
            # None by status or lease: the way from claimed to sent then rewrites no index (HOT updates).
            models.Index(fields=["recipient"], condition=Q(lost_claims__gt=0), name="message_suspected"),
            models.Index(fields=["recipient"], condition=~Q(reason=""), name="message_reasoned"),
            BrinIndex(fields=["sent_at"], autosummarize=True, name="message_sent_at"),
            # By what never changes, for the same reason; it serves the foreign key as well.
            models.Index(fields=["sender", "created_at"], name="message_sender_created"),
            # By what sending never changes as well: those whose values are old, and which nobody has cleared yet.
            models.Index(fields=["step", "values_cleared_at", "created_at"], name="message_values_by_age"),
        ]
        triggers = parents_exist(
            {"step_id": "campaign_steps", "variant_id": "campaign_variants", "sender_id": "senders"}
        )

    def __str__(self) -> str:
        return f"Step {self.step.position} to {self.recipient.email_address}"
