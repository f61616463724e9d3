from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class CampaignTally(Tenanted, models.Model):
    """What a large campaign was counted to be, and when: counting its rows takes longer than a page may.

    Of its days, which have rows of their own and which small campaigns have as well, it says when they were counted
    and by which clock (`tracking.days`).
    """

    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="tallies")
    kind = models.CharField(max_length=20, help_text="What is counted.")
    figures = models.JSONField(null=True, encoder=DjangoJSONEncoder, help_text="Empty until it was counted once.")
    counters = models.JSONField(default=list, help_text="Those of the campaign when it was counted; others are news.")
    counted_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0, help_text="How long counting took: the longer, the more rarely it is done.")
    asked_at = models.DateTimeField(null=True, help_text="When it was last queued to be counted.")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_tallies"
        verbose_name_plural = "campaign tallies"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "kind"], name="tally_once_per_campaign"),
            models.CheckConstraint(
                condition=models.Q(figures__isnull=True, counted_at=None)
                | models.Q(figures__isnull=False, counted_at__isnull=False),
                name="tally_counted_iff_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.kind}"
