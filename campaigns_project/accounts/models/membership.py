from django.db import models

from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class Membership(Tenanted, models.Model):
    """A person's role in one organization."""

    user = models.ForeignKey("accounts.User", on_delete=models.DB_CASCADE, related_name="memberships")
    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role, default=Role.OPERATOR)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "memberships"
        ordering = ["organization", "user"]
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="membership_once_per_organization"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}: {self.get_role_display()}"
