"""Delivery through Instantly: the key, what Instantly was told of a campaign, and of each of its people."""

from enum import nonmember
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.encryption import EncryptedTextField


class InstantlyAccountStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"


class InstantlyAccount(Tenanted, models.Model):
    """An organization's key for its Instantly workspace, and the secret that the workspace reports with."""

    SECRETS = ("api_key", "webhook_secret")

    organization = models.OneToOneField(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="instantly_account"
    )
    api_key = EncryptedTextField("API key", help_text="Kept encrypted, never shown again.")
    workspace = models.CharField(max_length=64, blank=True, default="", editable=False, help_text="Its number there.")
    workspace_name = models.CharField(max_length=200, blank=True, default="", editable=False)
    webhook_secret = EncryptedTextField(
        editable=False, help_text="Made here, told to Instantly, and sent along with each of its reports."
    )
    status = models.CharField(
        max_length=10, choices=InstantlyAccountStatus, default=InstantlyAccountStatus.ACTIVE, editable=False
    )
    checked_at = models.DateTimeField(null=True, editable=False, help_text="When Instantly last answered.")
    last_error = models.TextField(blank=True, default="", db_default="", editable=False)
    heard_at = models.DateTimeField(null=True, editable=False, help_text="When its last webhook came in.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "instantly_accounts"
        ordering = ["pk"]
        verbose_name = "Instantly account"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=InstantlyAccountStatus.values), name="instantly_account_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Instantly workspace {self.workspace_name}" if self.workspace_name else "Instantly"


class Told(models.TextChoices):
    """What Instantly was told of a campaign last; `creating` and `starting` were asked and are not answered yet."""

    NOTHING = "nothing", "Nothing yet"
    CREATING = "creating", "Being created"
    DRAFT = "draft", "Created, not sending"
    STARTING = "starting", "Being started"
    ACTIVE = "active", "Sending"
    PAUSED = "paused", "Paused"

    there = nonmember(frozenset({"draft", "starting", "active", "paused"}))
    sending = nonmember(frozenset({"starting", "active"}))


class HandoverQuerySet(OrganizationQuerySet):
    def controlled(self) -> Self:
        """Those of campaigns that are run from here; one that was only discovered is looked at and no more."""
        return self.living().filter(campaign__auto_discovered=False)


class Handover(Tenanted, models.Model):
    """A campaign that Instantly delivers: through which mailboxes, and what Instantly has been told of it so far."""

    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    campaign = models.OneToOneField("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="handover")
    account = models.ForeignKey(
        "campaigns.InstantlyAccount", on_delete=models.DB_SET_NULL, null=True, related_name="handovers"
    )
    mailboxes = ArrayField(
        models.CharField(max_length=254), default=list, help_text="Addresses at Instantly that the mails leave from."
    )
    mark = models.CharField(max_length=40, unique=True, help_text="Stands in its name there: it is found again by it.")
    content = models.JSONField(default=dict, help_text="The steps, variants and variables that were handed over.")
    told = models.CharField(max_length=10, choices=Told, default=Told.NOTHING)
    told_at = models.DateTimeField(null=True)
    webhook = models.CharField(max_length=64, blank=True, default="", help_text="The number of its webhook there.")
    reached = models.BigIntegerField(default=0, help_text="Recipients up to this number were looked at in this pass.")
    pass_began_at = models.DateTimeField(null=True)
    passed_at = models.DateTimeField(null=True, help_text="When the last pass began that met everybody.")
    queued_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, help_text="Tries in a row that failed.")
    retry_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")
    their_status = models.SmallIntegerField(null=True, help_text="As Instantly numbers the states of a campaign.")
    figures = models.JSONField(default=dict, help_text="What Instantly counts, by its names.")
    emails_until = models.DateTimeField(null=True, help_text="Mails up to this time were taken in.")
    leads_after = models.CharField(max_length=200, blank=True, default="", help_text="Where looking at leads goes on.")
    poll_queued_at = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    poll_error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        db_table = "instantly_handovers"
        verbose_name = "handover to Instantly"
        verbose_name_plural = "handovers to Instantly"
        constraints = [models.CheckConstraint(condition=Q(told__in=Told.values), name="handover_told_known")]

    def __str__(self) -> str:
        return f"{self.campaign} at Instantly"


class HandedStatus(models.TextChoices):
    """Where a recipient stands at Instantly."""

    ASKED = "asked", "Handed over, no answer yet"
    HELD = "held", "Taken"
    REFUSED = "refused", "Not taken"
    REMOVED = "removed", "Removed"

    OPEN = nonmember(frozenset({"asked", "held"}))


class HandedLead(Tenanted, models.Model):
    """A recipient who was handed over to Instantly, which happens once. Written before Instantly is asked.

    It outlives a recipient who is erased, or merged into another, for as long as the campaign is there: by Instantly's
    own number the person is removed there all the same.
    """

    is_personal = True
    organization_path = "handover__campaign__organization"
    deleting_path = "handover__campaign__deleting_at"

    # The indexes below begin with it.
    handover = models.ForeignKey(
        "campaigns.Handover", on_delete=models.DB_CASCADE, related_name="leads", db_index=False
    )
    recipient = models.OneToOneField(
        "campaigns.Recipient", on_delete=models.DB_SET_NULL, null=True, related_name="handed"
    )
    status = models.CharField(max_length=10, choices=HandedStatus, default=HandedStatus.ASKED)
    external_id = models.CharField(
        "external ID", max_length=64, blank=True, default="", help_text="What Instantly calls the lead."
    )
    reason = models.CharField(max_length=60, blank=True, default="", help_text="Why it was not taken.")
    asked_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)
    wanted_out_at = models.DateTimeField(null=True, help_text="Since then the person is to get nothing more.")
    removed_at = models.DateTimeField(null=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "instantly_leads"
        verbose_name = "lead at Instantly"
        verbose_name_plural = "leads at Instantly"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=HandedStatus.values), name="handed_lead_status_known"),
            models.CheckConstraint(
                condition=Q(status="removed", removed_at__isnull=False) | (~Q(status="removed") & Q(removed_at=None)),
                name="handed_lead_removed_iff_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["handover", "status"], name="handed_lead_status"),
            models.Index(fields=["handover", "external_id"], name="handed_lead_external"),
            models.Index(
                fields=["handover", "wanted_out_at"],
                condition=Q(wanted_out_at__isnull=False, status__in=["asked", "held"]),
                name="handed_lead_wanted_out",
            ),
            models.Index(fields=["handover", "asked_at"], condition=Q(status="asked"), name="handed_lead_unanswered"),
            models.Index(
                fields=["handover"],
                condition=Q(recipient=None, status__in=["asked", "held"]),
                name="handed_lead_of_nobody",
            ),
        ]

    def __str__(self) -> str:
        return str(self.recipient or "Somebody who was erased")


class InstantlyDay(Tenanted, models.Model):
    """What Instantly counted for a campaign on a day, by its own names; never added to what is counted here."""

    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="instantly_days")
    day = models.DateField()
    figures = models.JSONField(default=dict)
    seen_at = models.DateTimeField(db_default=Now())

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "instantly_days"
        ordering = ["campaign", "-day"]
        verbose_name = "day at Instantly"
        verbose_name_plural = "days at Instantly"
        constraints = [models.UniqueConstraint(fields=["campaign", "day"], name="instantly_day_once")]

    def __str__(self) -> str:
        return f"{self.campaign} on {self.day:%-d %b %Y}"
