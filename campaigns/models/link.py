from django.db import models

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class Link(Tenanted, models.Model):
    """A target in a campaign's mails. A click may lead here and nowhere else."""

    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="links")
    url = models.TextField("address")
    url_hash = models.CharField(
        "hash of the address", max_length=64, editable=False, help_text="SHA-256 of the address, since it may be long."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "campaign_links"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "url_hash"], name="link_once_per_campaign"),
            models.CheckConstraint(
                condition=models.Q(url__istartswith="http://") | models.Q(url__istartswith="https://"),
                name="link_is_a_web_address",
            ),
        ]

    def __str__(self) -> str:
        return self.url
