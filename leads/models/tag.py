from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class Tag(Tenanted, models.Model):
    """A word put on leads."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="tags")
    name = models.CharField(max_length=60)
    color = models.CharField(
        max_length=7,
        default="#64748b",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", "A color is # and six hexadecimal digits, such as #0ea5e9.")],
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "tags"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("organization", Lower("name"), name="tag_name_once_per_organization"),
            models.CheckConstraint(condition=~models.Q(name=""), name="tag_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class LeadTag(Tenanted, models.Model):
    """A tag on a lead; both of one organization."""

    is_personal = True
    organization_path = "lead__organization"

    lead = models.ForeignKey("leads.Lead", on_delete=models.DB_CASCADE, related_name="lead_tags")
    tag = models.ForeignKey("leads.Tag", on_delete=models.DB_CASCADE, related_name="lead_tags")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_tags"
        constraints = [models.UniqueConstraint(fields=["lead", "tag"], name="lead_tagged_once")]

    def __str__(self) -> str:
        return f"{self.tag} on {self.lead}"
