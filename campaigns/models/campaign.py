from datetime import date
from enum import nonmember
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, validate_slug
from django.db import models, transaction
from django.db.models import F, Q

from campaigns.models.tombstone import DELETING_IS_FINAL, IDENTITY_STAYS, REFUSE_TOMBSTONED, WRITE_TOMBSTONE
from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.accounts.timezones import validate_timezone
from campaigns_project.audit.triggers import never_truncated
from campaigns_project.references import start_empty


class CampaignStatus(models.TextChoices):
    """Where a campaign stands; moved only by the verbs of `campaigns.lifecycle`."""

    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"
    ARCHIVED = "archived", "Archived"

    ended = nonmember(frozenset({"completed", "stopped", "archived"}))
    editable = nonmember(frozenset({"draft", "scheduled", "paused", "running", "failed"}))


class WindowZone(models.TextChoices):
    """Whose clock the sending window follows."""

    CAMPAIGN = "campaign", "the campaign's"
    LEAD = "lead", "the lead's, where it is known"


class DeliveredBy(models.TextChoices):
    """Who sends the mails: chosen while the campaign is a draft, and never changed afterwards."""

    SENDERS = "senders", "the campaign's senders"
    INSTANTLY = "instantly", "Instantly"


class CampaignQuerySet(OrganizationQuerySet):
    def running(self) -> Self:
        return self.living().filter(status=CampaignStatus.RUNNING)

    def delivered_here(self) -> Self:
        """Those whose mails our own senders send; no worker of ours touches the others."""
        return self.filter(delivered_by=DeliveredBy.SENDERS)

    def enrolling(self) -> Self:
        """Those that enroll by themselves whoever newly matches, as far as their state lets them."""
        return self.filter(is_automatic=True, is_active=True)


class Campaign(Tenanted, models.Model):
    """A sequence of e-mails, whom it goes to, and when it may go out."""

    deleting_path = "deleting_at"

    campaign_id = models.SlugField(
        "campaign ID",
        max_length=100,
        unique=True,
        validators=[validate_slug],
        help_text="Public name in addresses and commands. Never given out twice, not even after a deletion.",
    )
    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="campaigns")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    plan = models.ForeignKey(
        "campaigns.CampaignPlan", on_delete=models.DB_SET_NULL, null=True, blank=True, related_name="campaigns"
    )
    template = models.ForeignKey(
        "campaigns.EmailTemplate", on_delete=models.DB_SET_NULL, null=True, blank=True, related_name="campaigns"
    )
    status = models.CharField(
        max_length=20,
        choices=CampaignStatus,
        default=CampaignStatus.DRAFT,
        db_default=CampaignStatus.DRAFT,
        editable=False,
    )
    status_code = models.CharField(
        max_length=60, blank=True, default="", db_default="", editable=False, help_text="Why the system paused it."
    )
    status_message = models.TextField(blank=True, editable=False)
    status_error = models.TextField(blank=True, editable=False)
    deleting_at = models.DateTimeField(null=True, editable=False)
    scheduled_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    paused_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    failed_at = models.DateTimeField(null=True, editable=False)

    total_recipients = models.IntegerField(default=0, db_default=0, editable=False)
    recipients_reached = models.IntegerField(
        default=0, db_default=0, editable=False, help_text="Got at least one mail."
    )
    emails_sent = models.IntegerField(default=0, db_default=0, editable=False)
    emails_opened = models.IntegerField(default=0, db_default=0, editable=False)
    emails_clicked = models.IntegerField(default=0, db_default=0, editable=False)
    emails_replied = models.IntegerField(default=0, db_default=0, editable=False)
    emails_bounced = models.IntegerField(default=0, db_default=0, editable=False)
    active_leads_count = models.IntegerField(default=0, db_default=0, editable=False)
    completed_leads_count = models.IntegerField(default=0, db_default=0, editable=False)
    opted_out_count = models.IntegerField(default=0, db_default=0, editable=False)
    booked_count = models.IntegerField(
        default=0, db_default=0, editable=False, help_text="Recipients who booked a meeting, before or after they left."
    )

    is_active = models.BooleanField(
        "active",
        default=True,
        editable=False,
        help_text="An automatic campaign enrolls by itself; of others it says nothing.",
    )
    is_automatic = models.BooleanField(
        "automatic",
        default=False,
        db_default=False,
        editable=False,
        help_text="Its people come by a standing audience.",
    )
    auto_discovered = models.BooleanField(default=False, editable=False, help_text="It was found at a provider.")
    last_enrollment_at = models.DateTimeField(null=True, editable=False)
    deactivated_at = models.DateTimeField(null=True, editable=False)
    standing_audience = models.JSONField(
        default=dict, db_default={}, blank=True, editable=False, help_text="Whom it enrolls by itself; empty: nobody."
    )
    next_look_at = models.DateTimeField(
        null=True, editable=False, help_text="When a worker looks for new people again; empty: as soon as it may."
    )
    last_look = models.JSONField(
        default=dict, db_default={}, blank=True, editable=False, help_text="What the last look for new people came to."
    )

    url = models.URLField("lead source", max_length=2000, blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    total_records = models.IntegerField(null=True, blank=True)
    lead_source = models.JSONField(
        default=dict, db_default={}, blank=True, editable=False, help_text="Provider, filters and count to fetch by."
    )
    ranking_rules = models.JSONField(
        default=list, db_default=[], blank=True, editable=False, help_text="Rules with their points; empty: no ranking."
    )
    delivered_by = models.CharField(
        max_length=20,
        choices=DeliveredBy,
        default=DeliveredBy.SENDERS,
        db_default=DeliveredBy.SENDERS,
        editable=False,
        help_text="Who sends its mails: senders (those of the campaign) or instantly.",
    )
    instantly_campaign_id = models.CharField("campaign ID at Instantly", max_length=64, blank=True, editable=False)

    timezone = models.CharField("time zone", max_length=64, default="UTC", validators=[validate_timezone])
    sending_days = ArrayField(
        models.SmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        default=list,
        blank=True,
        help_text="Days on which mail may leave: 1 Monday to 7 Sunday. Empty: every day.",
    )
    window_start = models.TimeField(null=True, blank=True, help_text="No mail leaves before this time of day.")
    window_end = models.TimeField(null=True, blank=True, help_text="No mail leaves from this time of day on.")
    window_zone = models.CharField(
        "time zone of the window", max_length=10, choices=WindowZone, default=WindowZone.CAMPAIGN
    )
    holidays = ArrayField(
        models.DateField(), default=list, blank=True, help_text="Dates on which no mail leaves, e.g. 2026-12-25."
    )
    counts_sending_days = models.BooleanField(
        "waits count sending days",
        default=False,
        help_text="A wait of days counts only days on which mail may leave.",
    )
    daily_limit = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Most mails a day. Empty: no limit."
    )
    daily_new_leads = models.PositiveIntegerField(
        "new leads a day",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Most people a day who get their first mail. Empty: no limit.",
    )
    hold_until = models.DateTimeField(null=True, editable=False, help_text="The first mail leaves no earlier.")
    track_opens = models.BooleanField(default=True)
    track_clicks = models.BooleanField(default=True)
    stop_on_reply = models.BooleanField(default=True)
    stop_on_booking = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Whoever books a meeting, by whatever campaign, gets no more here.",
    )
    priority = models.SmallIntegerField(default=0, help_text="Higher goes first where several campaigns are due.")

    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        db_table = "campaigns"
        ordering = ["-id"]
        triggers = [WRITE_TOMBSTONE, REFUSE_TOMBSTONED, DELETING_IS_FINAL, IDENTITY_STAYS, never_truncated()]
        indexes = [
            models.Index(fields=["name"], name="campaign_name"),
            models.Index(fields=["status"], name="campaign_status"),
            models.Index(fields=["scheduled_at"], name="campaign_scheduled_at"),
            models.Index(fields=["started_at"], name="campaign_started_at"),
            models.Index(fields=["created_at"], name="campaign_created_at"),
            models.Index(
                fields=["instantly_campaign_id"],
                condition=~Q(instantly_campaign_id=""),
                name="campaign_instantly_id",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=CampaignStatus.values), name="campaign_status_known"),
            models.CheckConstraint(
                condition=Q(status="scheduled", scheduled_at__isnull=False) | ~Q(status="scheduled"),
                name="campaign_scheduled_has_an_hour",
            ),
            models.CheckConstraint(
                condition=Q(status="running", started_at__isnull=False) | ~Q(status="running"),
                name="campaign_running_was_started",
            ),
            models.CheckConstraint(
                condition=Q(status="paused", paused_at__isnull=False) | (~Q(status="paused") & Q(paused_at=None)),
                name="campaign_paused_iff_paused_at",
            ),
            models.CheckConstraint(
                condition=Q(delivered_by__in=DeliveredBy.values), name="campaign_delivered_by_known"
            ),
            models.CheckConstraint(condition=Q(window_zone__in=WindowZone.values), name="campaign_window_zone_known"),
            models.CheckConstraint(
                condition=Q(daily_limit=None) | Q(daily_limit__gte=1), name="campaign_daily_limit_from_one"
            ),
            models.CheckConstraint(
                condition=Q(daily_new_leads=None) | Q(daily_new_leads__gte=1), name="campaign_new_leads_from_one"
            ),
            models.CheckConstraint(
                condition=Q(window_start=None, window_end=None)
                | Q(window_start__isnull=False, window_end__isnull=False, window_start__lt=F("window_end")),
                name="campaign_window_is_whole",
            ),
            models.CheckConstraint(
                condition=(Q(is_automatic=True) & ~Q(standing_audience={}))
                | Q(is_automatic=False, standing_audience={}),
                name="campaign_automatic_iff_standing_audience",
            ),
            models.CheckConstraint(
                condition=Q(is_active=True, deactivated_at=None) | Q(is_active=False, deactivated_at__isnull=False),
                name="campaign_inactive_iff_deactivated_at",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *, force_insert: Any = False, **kwargs: Any) -> None:
        """As always, but one that was not read from the database is inserted and never changes a row that is there; a
        new one starts empty, whatever named its number before."""
        is_update = kwargs.get("force_update") or kwargs.get("update_fields") is not None
        is_new = self._state.adding and not is_update
        with transaction.atomic():
            super().save(force_insert=force_insert or is_new, **kwargs)
            if is_new:
                start_empty(self)

    @property
    def blackout_days(self) -> list[date]:
        """The organization's days on which no mail leaves; none for one that is only being filled in."""
        return self.organization.blackout_days if self.organization_id else []

    @property
    def enrolls_by_itself(self) -> bool:
        """An automatic campaign that is switched on: people may come whenever it runs."""
        return self.is_automatic and self.is_active

    @property
    def open_rate(self) -> float | None:
        """Share of the people written to who opened; None before the first mail, so that a page can show a dash."""
        return self._share_of_reached(self.emails_opened)

    @property
    def click_rate(self) -> float | None:
        """Share of the people written to who clicked."""
        return self._share_of_reached(self.emails_clicked)

    @property
    def reply_rate(self) -> float | None:
        """Share of the people written to who replied."""
        return self._share_of_reached(self.emails_replied)

    @property
    def bounce_rate(self) -> float | None:
        """Share of the people written to whose mail came back."""
        return self._share_of_reached(self.emails_bounced)

    def _share_of_reached(self, count: int) -> float | None:
        return count / self.recipients_reached if self.recipients_reached else None
