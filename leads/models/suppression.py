from django.db import models
from django.db.models.functions import Lower

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class SuppressionReason(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    HARD_BOUNCE = "hard_bounce", "Hard bounce"
    COMPLAINT = "complaint", "Complaint"
    MANUAL = "manual", "Added by hand"
    IMPORT = "import", "Imported"
    LEGAL = "legal", "Legal request"


class Suppression(Tenanted, models.Model):
    """An address, or a whole domain, never to be written to again. Outlives leads and campaigns: points at neither."""

    is_personal = True

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="suppressions")
    address = models.CharField(max_length=320, help_text="An address (ana@example.com) or a domain (example.com).")
    reason = models.CharField(max_length=20, choices=SuppressionReason, default=SuppressionReason.MANUAL)
    source = models.CharField(max_length=120, blank=True, help_text="What led to it, e.g. “campaign 42”.")
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "suppressions"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "address"], name="suppression_once_per_organization"),
            models.CheckConstraint(
                condition=models.Q(address=Lower("address")) & ~models.Q(address=""),
                name="suppression_address_is_lower",
            ),
            models.CheckConstraint(
                condition=models.Q(reason__in=SuppressionReason.values), name="suppression_reason_known"
            ),
        ]

    def __str__(self) -> str:
        return self.address
