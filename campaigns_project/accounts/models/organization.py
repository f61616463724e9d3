from django.core.validators import validate_slug
from django.db import models


class OrganizationScope(models.QuerySet):
    def for_organization(self, organization: "Organization") -> "OrganizationScope":
        return self.filter(pk=organization.pk)

    def for_organizations(self, organizations: object) -> "OrganizationScope":
        return self.filter(pk__in=organizations)


class Organization(models.Model):
    """A tenant. Every row of ours belongs to exactly one, directly or through its parent."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True, validators=[validate_slug])
    postal_address = models.CharField(
        max_length=300,
        blank=True,
        help_text="Printed in the footer of every mail, as anti-spam law asks. A campaign cannot start without it.",
    )
    allows_overlap = models.BooleanField(
        default=False, help_text="Let one lead be in several running campaigns at once. Off: one campaign per person."
    )
    timezone = models.CharField(
        max_length=64, default="UTC", help_text="Default for new campaigns, e.g. Europe/Prague."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationScope.as_manager()

    class Meta:
        db_table = "organizations"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def organization_of(self) -> "Organization":
        return self
