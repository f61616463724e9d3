from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.references import LooseReference


class SuppressionReason(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    HARD_BOUNCE = "hard_bounce", "Hard bounce"
    COMPLAINT = "complaint", "Complaint"
    MANUAL = "manual", "Added by hand"
    IMPORT = "import", "Imported"
    LEGAL = "legal", "Legal request"
    ERASED = "erased", "Erased person"


# The last one an erasure alone gives. Named in the API's schema by ENUM_NAME_OVERRIDES.
GIVEN_REASONS = [choice for choice in SuppressionReason.choices if choice[0] != SuppressionReason.ERASED]


class SuppressionQuerySet(OrganizationQuerySet):
    def in_force(self, now: datetime, *, campaign_id: int | None = None) -> Self:
        """Those that hold at `now`: everywhere or, with a campaign, for that one too."""
        unexpired = self.filter(Q(expires_at=None) | Q(expires_at__gt=now))
        everywhere = Q(campaign_id=None)
        return unexpired.filter(everywhere if campaign_id is None else everywhere | Q(campaign_id=campaign_id))


class Suppression(Tenanted, models.Model):
    """An address, or a whole domain, never to be written to again. Outlives leads and campaigns.

    Of an erased person only the keyed hash of the address is kept: enough to know it again, and to tell nobody. With a
    campaign it forbids that campaign alone, and goes with it.
    """

    is_personal = True
    loose_references = [LooseReference(column="campaign_id", to="campaigns.Campaign")]

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="suppressions")
    address = models.CharField(
        max_length=320, blank=True, help_text="An address (ana@example.com) or a domain (example.com)."
    )
    address_hash = models.CharField(
        max_length=64, blank=True, db_default="", editable=False, help_text="In place of the address, after an erasure."
    )
    campaign_id = models.BigIntegerField(
        "campaign number", null=True, blank=True, help_text="Empty: it holds for the whole organization."
    )
    reason = models.CharField(max_length=20, choices=SuppressionReason, default=SuppressionReason.MANUAL)
    source = models.CharField(max_length=120, blank=True, help_text="What led to it, e.g. “campaign 42”.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        db_table = "suppressions"
        ordering = ["-id"]
        constraints = [
            # The address first: a look-up of one cannot take any other index for it (`forbidden_sql`).
            models.UniqueConstraint(
                fields=["address", "organization", "campaign_id"],
                condition=~Q(address=""),
                nulls_distinct=False,
                name="suppression_once_per_scope",
            ),
            models.UniqueConstraint(
                fields=["organization", "address_hash"],
                condition=~Q(address_hash=""),
                name="suppression_hash_once_per_organization",
            ),
            models.CheckConstraint(condition=Q(address=Lower("address")), name="suppression_address_is_lower"),
            models.CheckConstraint(
                condition=(~Q(address="") & Q(address_hash="")) | (Q(address="") & ~Q(address_hash="")),
                name="suppression_address_or_hash",
            ),
            models.CheckConstraint(
                condition=Q(address_hash="") | Q(campaign_id=None, expires_at=None),
                name="suppression_of_the_erased_holds_everywhere",
            ),
            models.CheckConstraint(condition=Q(reason__in=SuppressionReason.values), name="suppression_reason_known"),
        ]
        indexes = [
            models.Index(
                fields=["campaign_id"], condition=Q(campaign_id__isnull=False), name="suppression_by_campaign"
            ),
            models.Index(fields=["organization", "created_at"], name="suppression_newest"),
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="suppression_by_expiry"),
        ]

    def __str__(self) -> str:
        return self.address or "An erased person"
