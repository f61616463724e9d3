import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, validate_slug
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns_project.audit.triggers import append_only

# What is forgotten sooner is gone before it could be used: mail servers try for five days, and answers take a week.
LEAST_KEPT_DAYS = 7
MOST_KEPT_DAYS = 3_650
_KEPT_DAYS = [MinValueValidator(LEAST_KEPT_DAYS), MaxValueValidator(MOST_KEPT_DAYS)]

WRITE_TOMBSTONE = pgtrigger.Trigger(
    name="write_tombstone",
    operation=pgtrigger.Delete,
    when=pgtrigger.After,
    func="""
        INSERT INTO organization_tombstones (id, deleted_at) VALUES (OLD.id, clock_timestamp()) ON CONFLICT DO NOTHING;
        RETURN OLD;
    """,
)

# Audit log, seals and tombstones outlive their organization and name it by its number: whoever got that number would
# read them. Asked of the index, as for campaigns: campaigns/models/tombstone.py.
REFUSE_TOMBSTONED = pgtrigger.Trigger(
    name="refuse_tombstoned",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("id"),
    when=pgtrigger.After,
    func="""
        IF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN
            RETURN NEW;
        END IF;
        IF TG_OP = 'UPDATE' THEN
            RAISE EXCEPTION 'organization % keeps its number, so that it is never used again', OLD.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'organization_identity_stays';
        END IF;
        BEGIN
            INSERT INTO organization_tombstones (id) VALUES (NEW.id);
            RAISE SQLSTATE 'FL001';
        EXCEPTION
            WHEN SQLSTATE 'FL001' THEN
                RETURN NEW;
            WHEN unique_violation THEN
                RAISE EXCEPTION 'organization % was deleted, and its number is never used again', NEW.id
                    USING ERRCODE = 'unique_violation', CONSTRAINT = 'organization_id_tombstoned';
        END;
    """,
)


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
        "time zone", max_length=64, default="UTC", help_text="Default for new campaigns, e.g. Europe/Prague."
    )
    # Kept by a trigger on the calendar, where they are entered, so that whoever sends has them with the row.
    blackout_days = ArrayField(
        models.DateField(), default=list, db_default=[], editable=False, help_text="Days on which no mail leaves."
    )
    values_kept_days = models.PositiveIntegerField(
        "keep mails readable for (days)",
        null=True,
        blank=True,
        validators=_KEPT_DAYS,
        help_text="So long a mail can be read again as it was sent. Empty: forever.",
    )
    details_kept_days = models.PositiveIntegerField(
        "keep details of events and replies for (days)",
        null=True,
        blank=True,
        validators=_KEPT_DAYS,
        help_text="Addresses and programs of visitors, what servers said, who wrote which words. Empty: forever.",
    )
    # How far whoever clears details got. Events are numbered as they come in, so those of old news are ahead of it.
    details_cleared_to = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="Events up to this number have no details any more."
    )
    is_demo = models.BooleanField(
        "made up",
        default=False,
        db_default=False,
        editable=False,
        help_text="The demo made it: whatever is in it was made up, and may go.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationScope.as_manager()

    class Meta:
        db_table = "organizations"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name=f"organization_{name}_possible",
                condition=Q(**{name: None}) | Q(**{f"{name}__gte": LEAST_KEPT_DAYS, f"{name}__lte": MOST_KEPT_DAYS}),
            )
            for name in ("values_kept_days", "details_kept_days")
        ]
        triggers = [WRITE_TOMBSTONE, REFUSE_TOMBSTONED]

    def __str__(self) -> str:
        return self.name

    def organization_of(self) -> "Organization":
        return self


class OrganizationTombstone(models.Model):
    """The number of an organization that is gone, written by trigger on any deletion; it is never given out again."""

    id = models.BigIntegerField("organization number", primary_key=True)
    deleted_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "organization_tombstones"
        triggers = append_only()

    def __str__(self) -> str:
        return f"Organization {self.id}, deleted"
