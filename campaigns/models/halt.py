from django.db import models
from django.db.models import Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class HaltQuerySet(OrganizationQuerySet):
    def in_force(self) -> "HaltQuerySet":
        """Those nobody has lifted."""
        return self.filter(lifted_at=None)


class SendingHalt(Tenanted, models.Model):
    """An emergency stop: while it is in force no mail leaves, of one organization or of the whole system."""

    organization = models.ForeignKey(
        "accounts.Organization",
        on_delete=models.DB_CASCADE,
        null=True,
        blank=True,
        related_name="sending_halts",
        help_text="Empty: all sending of the system.",
    )
    reason = models.CharField(max_length=300)
    halted_by = models.CharField(max_length=254)
    halted_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=254, blank=True, default="")
    lifted_at = models.DateTimeField(null=True)

    objects = HaltQuerySet.as_manager()

    class Meta:
        db_table = "sending_halts"
        ordering = ["-id"]
        verbose_name = "emergency stop"
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(lifted_at=None),
                nulls_distinct=False,
                name="one_halt_in_force",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by="") | (Q(lifted_at__isnull=False) & ~Q(lifted_by="")),
                name="halt_lifted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"All sending stopped: {self.reason}"

    def told_of(self, name: str) -> str:
        """`name`, of who halted or lifted it, as the organizations it holds back may know it: who runs the
        installation is not told by name to everybody in it."""
        return name and (name if self.organization_id else "system administrator")

    @property
    def is_in_force(self) -> bool:
        return self.lifted_at is None
