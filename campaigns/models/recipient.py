from datetime import datetime
from enum import nonmember
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now

from campaigns.models.message import Message, MessageStatus
from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class RecipientStatus(models.TextChoices):
    """Where a lead stands in a campaign. Once out, never in again, but for a failed mail that is tried again.

    Whether a worker has their mail in hand is said by the message alone.
    """

    PENDING = "pending", "Waiting for the first mail"
    SENT = "sent", "Got a mail, more to come"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    REPLIED = "replied", "Replied"
    BOUNCED = "bounced", "Bounced"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    COMPLAINED = "complained", "Complained"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    STOPPED = "stopped", "Stopped"

    IN = nonmember(frozenset({"pending", "sent", "paused"}))
    OUT = nonmember(
        frozenset({"completed", "replied", "bounced", "unsubscribed", "complained", "failed", "skipped", "stopped"})
    )
    DUE = nonmember(frozenset({"pending", "sent"}))


class ExitReason(models.TextChoices):
    """Why a recipient left its sequence."""

    COMPLETED = "completed", "had every mail of the sequence"
    REPLIED = "replied", "replied"
    HARD_BOUNCE = "hard_bounce", "the address is dead"
    UNSUBSCRIBED = "unsubscribed", "unsubscribed"
    COMPLAINED = "complained", "complained of spam"
    SUPPRESSED = "suppressed", "the address was suppressed"
    FAILED = "failed", "a mail could not be sent"
    BOOKED = "booked", "booked a meeting"
    DE_ENROLLED = "de_enrolled", "was taken out by a person"
    CAMPAIGN_STOPPED = "campaign_stopped", "the campaign was stopped"
    NOT_TAKEN = "not_taken", "Instantly did not take the address"
    ENDED_THERE = "ended_there", "Instantly ended the sequence before its last mail"

    def status(self) -> RecipientStatus:
        """The state a recipient is in after leaving for this reason."""
        return _STATUS_AFTER.get(self, RecipientStatus.STOPPED)


_STATUS_AFTER = {
    ExitReason.COMPLETED: RecipientStatus.COMPLETED,
    ExitReason.REPLIED: RecipientStatus.REPLIED,
    ExitReason.HARD_BOUNCE: RecipientStatus.BOUNCED,
    ExitReason.UNSUBSCRIBED: RecipientStatus.UNSUBSCRIBED,
    ExitReason.COMPLAINED: RecipientStatus.COMPLAINED,
    ExitReason.FAILED: RecipientStatus.FAILED,
}


class RecipientQuerySet(OrganizationQuerySet):
    def inside(self) -> Self:
        """Those who have not left."""
        return self.filter(status__in=RecipientStatus.IN)

    def due(self, now: datetime) -> Self:
        """Those whose next mail may be claimed: its hour has come, and no worker has it in hand."""
        waiting = self.filter(status__in=RecipientStatus.DUE, next_send_at__lte=now, next_step__isnull=False)
        # As a value, so that the database looks it up for the few it comes by, and does not go through all messages;
        # the step as a sum, so that it goes by the recipient, and not through all messages of the step (see `claim`).
        messages = Message.objects.alias(of_step=F("step") + 0).filter(of_step=OuterRef("next_step"))
        in_hand = messages.filter(recipient=OuterRef("pk"), status__in=MessageStatus.IN_FLIGHT).order_by()
        return waiting.alias(in_hand=Subquery(in_hand.values("pk")[:1])).filter(in_hand=None)


class Recipient(Tenanted, models.Model):
    """A lead inside one campaign."""

    is_personal = True
    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    # Every index that a recipient is in is written for each mail. Others begin with the campaign, and with the lead.
    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="recipients", db_index=False
    )
    lead = models.ForeignKey("leads.Lead", on_delete=models.DB_CASCADE, related_name="recipients", db_index=False)
    email_address = models.CharField("e-mail", max_length=254, help_text="As it was at enrollment.")
    status = models.CharField(
        max_length=20, choices=RecipientStatus, default=RecipientStatus.PENDING, db_default=RecipientStatus.PENDING
    )
    next_step = models.ForeignKey(
        "campaigns.Step", on_delete=models.DB_SET_NULL, null=True, related_name="+", db_index=False
    )
    next_send_at = models.DateTimeField(null=True)
    sender = models.ForeignKey("campaigns.Sender", on_delete=models.DB_SET_NULL, null=True, related_name="recipients")
    sent_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    booked_at = models.DateTimeField(null=True, help_text="When it became known that they booked a meeting.")
    exit_reason = models.CharField(max_length=30, choices=ExitReason, blank=True, default="", db_default="")
    exited_at = models.DateTimeField(null=True)
    error_message = models.TextField(blank=True, default="", db_default="")
    occupies = models.BooleanField(
        default=False, db_default=False, help_text="The lead counts as busy here: no second campaign may take it."
    )
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    objects = RecipientQuerySet.as_manager()

    class Meta:
        db_table = "campaign_recipients"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["lead", "campaign"], name="recipient_once_per_campaign"),
            models.UniqueConstraint(fields=["lead"], condition=Q(occupies=True), name="one_active_campaign_per_lead"),
            models.CheckConstraint(condition=Q(status__in=RecipientStatus.values), name="recipient_status_known"),
            models.CheckConstraint(
                condition=(Q(status__in=RecipientStatus.OUT, exited_at__isnull=False) & ~Q(exit_reason=""))
                | (Q(status__in=RecipientStatus.IN, exited_at=None, exit_reason="")),
                name="recipient_out_iff_reason_and_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=RecipientStatus.IN) | Q(occupies=False, next_send_at=None),
                name="recipient_out_is_free_and_due_nothing",
            ),
        ]
        indexes = [
            models.Index(fields=["email_address"], name="recipient_email"),
            models.Index(fields=["next_step"], condition=Q(next_step__isnull=False), name="recipient_next_step"),
            BrinIndex(fields=["sent_at"], autosummarize=True, name="recipient_sent_at"),
            models.Index(fields=["campaign", "status"], name="recipient_campaign_status"),
            models.Index(fields=["lead"], condition=Q(booked_at__isnull=False), name="recipient_booked"),
            models.Index(
                F("campaign"), F("next_send_at"), F("id"),
                condition=Q(status__in=["pending", "sent"]), name="recipient_due",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.email_address
