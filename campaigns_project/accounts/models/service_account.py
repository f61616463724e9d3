from django.db import models

from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class ServiceAccount(Tenanted, models.Model):
    """An integration: a user without a password, in one organization, with one role. Its keys are knox tokens."""

    user = models.OneToOneField("accounts.User", on_delete=models.DB_CASCADE, related_name="service_account")
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="service_accounts"
    )
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=20, choices=Role, default=Role.OPERATOR)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "service_accounts"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="service_account_name_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="service_account_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.organization})"
