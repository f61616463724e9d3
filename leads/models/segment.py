from django.db import models

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class Segment(Tenanted, models.Model):
    """A saved question about leads: rules that are asked anew each time, or, frozen, the people they once gave."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="segments")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    rules = models.JSONField(
        default=dict, db_default={}, blank=True, help_text="Typed rules in AND/OR groups; see docs/segments.md."
    )
    frozen_at = models.DateTimeField(null=True, editable=False, help_text="Since then its members are fixed.")
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.DB_SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "segments"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="segment_name_once_per_organization"),
            models.CheckConstraint(condition=~models.Q(name=""), name="segment_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class SegmentMember(Tenanted, models.Model):
    """A lead of a frozen segment."""

    is_personal = True
    organization_path = "segment__organization"

    segment = models.ForeignKey("leads.Segment", on_delete=models.DB_CASCADE, db_index=False, related_name="members")
    lead = models.ForeignKey("leads.Lead", on_delete=models.DB_CASCADE, related_name="segment_members")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "segment_members"
        constraints = [models.UniqueConstraint(fields=["segment", "lead"], name="segment_member_once")]

    def __str__(self) -> str:
        return f"{self.lead} in {self.segment}"
