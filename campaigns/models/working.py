"""What operators keep about leads beside the sending: the fit with a campaign, notes, and where each one stands."""

from django.db import models
from django.db.models import Q
from django.utils.text import Truncator

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted

_EXCERPT = 60  # characters of a note that stand for it


class LeadRanking(Tenanted, models.Model):
    """How well a lead fits a campaign by its ranking rules: the most points are rank 1."""

    is_personal = True
    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.DB_CASCADE, db_index=False, related_name="rankings"
    )
    lead = models.ForeignKey("leads.Lead", on_delete=models.DB_CASCADE, related_name="rankings")
    score = models.IntegerField(help_text="Points over all rules.")
    rank = models.IntegerField(help_text="1 is the best; the older lead first among equals.")
    reasons = models.JSONField(help_text="Rule to points, those that gave any.")
    computed_at = models.DateTimeField()

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_rankings"
        ordering = ["rank"]
        constraints = [models.UniqueConstraint(fields=["campaign", "lead"], name="lead_ranked_once_per_campaign")]
        indexes = [models.Index(fields=["campaign", "rank"], name="lead_ranking_in_order")]

    def __str__(self) -> str:
        return f"{self.lead}, rank {self.rank} in {self.campaign}"


class LeadNote(Tenanted, models.Model):
    """What somebody wrote down about a lead, in a campaign where there is one; goes with either."""

    is_personal = True
    organization_path = "lead__organization"
    deleting_path = "campaign__deleting_at"

    lead = models.ForeignKey("leads.Lead", on_delete=models.DB_CASCADE, db_index=False, related_name="notes")
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DB_CASCADE,
        null=True,
        blank=True,
        related_name="lead_notes",
        help_text="Empty: that of the lead's latest enrollment.",
    )
    text = models.TextField()
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_notes"
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="lead_note_says_something")]
        indexes = [models.Index(fields=["lead", "-id"], name="lead_note_newest")]

    def __str__(self) -> str:
        return Truncator(" ".join(self.text.split())).chars(_EXCERPT)


class UserStatus(models.TextChoices):
    """Where an operator stands with a lead."""

    TO_DO = "to_do", "To do"
    IN_TOUCH = "in_touch", "In touch"
    INTERESTED = "interested", "Interested"
    NOT_NOW = "not_now", "Not now"
    NOT_INTERESTED = "not_interested", "Not interested"
    DONE = "done", "Done"


class LeadUserStatus(Tenanted, models.Model):
    """Where one operator stands with a lead, in a campaign where there is one; goes with any of the three."""

    is_personal = True
    organization_path = "lead__organization"
    deleting_path = "campaign__deleting_at"

    lead = models.ForeignKey("leads.Lead", on_delete=models.DB_CASCADE, db_index=False, related_name="user_statuses")
    user = models.ForeignKey("accounts.User", on_delete=models.DB_CASCADE, related_name="lead_statuses")
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DB_CASCADE,
        null=True,
        blank=True,
        related_name="lead_statuses",
        help_text="Empty: that of the lead's latest enrollment.",
    )
    status = models.CharField(max_length=20, choices=UserStatus)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_user_statuses"
        ordering = ["-id"]
        verbose_name_plural = "lead user statuses"
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "user", "campaign"], nulls_distinct=False, name="lead_user_status_once"
            ),
            models.CheckConstraint(condition=Q(status__in=UserStatus.values), name="lead_user_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.lead}: {self.get_status_display()}"
