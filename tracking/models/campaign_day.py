from django.db import models

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class CampaignDay(Tenanted, models.Model):
    """What happened in a campaign on one day of its own time zone: mails sent, and people by the day of their first.

    A row is made by counting what stands in the ledger and never by adding to it (`tracking.days`), so it may be
    counted again at any time. Over all days the numbers are those of the campaign's counters.
    """

    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"
    NUMBERS = (
        "sent", "reached", "failed", "bounced", "replied", "opened", "clicked", "unsubscribed", "complained",
    )  # fmt: skip

    # The unique constraint below begins with it.
    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="days", db_index=False)
    day = models.DateField(help_text="By the campaign's time zone.")
    sent = models.PositiveIntegerField(default=0, help_text="Mails that left.")
    reached = models.PositiveIntegerField(default=0, help_text="People who got their first mail.")
    failed = models.PositiveIntegerField(default=0, help_text="People who left because a mail could not be sent.")
    bounced = models.PositiveIntegerField(default=0, help_text="People whose address turned out dead.")
    replied = models.PositiveIntegerField(default=0, help_text="People who replied for the first time.")
    opened = models.PositiveIntegerField(default=0, help_text="People, no machines, who first opened; about.")
    clicked = models.PositiveIntegerField(default=0, help_text="People, no machines, who first clicked.")
    unsubscribed = models.PositiveIntegerField(default=0, help_text="People who left because they unsubscribed.")
    complained = models.PositiveIntegerField(default=0, help_text="People who left because they complained of spam.")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_days"
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "day"], name="campaign_day_once"),
        ]
        indexes = [models.Index(fields=["day"], name="campaign_day_by_day")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}: {self.sent} sent"
