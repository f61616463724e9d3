"""What came in, on its way to becoming a lead: as received, as understood, as enriched.

These tables take bulk loads and sit below `campaigns`: their `campaign_id` is a loose reference without a constraint.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.database.statement_keys import let_go, take_along
from campaigns_project.references import LooseReference

OF_CAMPAIGN = LooseReference(column="campaign_id", to="campaigns.Campaign")


# What they cannot see, a row that is being added meanwhile, is kept away by locks: whoever adds raw leads holds their
# import; whoever stages them has added them in the same transaction, or holds them; and so has whoever notes the lead
# that a row became with that lead.
RAW_GO_ALONG = take_along("raw_go_along", table="raw_leads", column="lead_import_id")
STAGED_GO_ALONG = take_along("staged_go_along", table="staged_leads", column="raw_lead_id")
STAGED_FORGET_IT = let_go("staged_forget_it", table="staged_leads", column="lead_id")


class StagedStatus(models.TextChoices):
    """How far a staged lead is; `promoted` alone has become a lead."""

    STAGED = "staged", "Staged"
    PROMOTED = "promoted", "Promoted"
    PROBLEM = "problem", "Problem"


class RawLead(Tenanted, models.Model):
    """One row or record just as it came from a file, a provider or the API; never changed."""

    is_personal = True
    loose_references = [OF_CAMPAIGN]
    organization_path = "lead_import__organization"

    lead_import = models.ForeignKey(
        "leads.LeadImport",
        on_delete=models.DB_CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="raw_leads",
        verbose_name="import",
    )
    campaign_id = models.BigIntegerField("campaign number", null=True, help_text="The campaign it was fetched for.")
    external_id = models.CharField(
        "external ID", max_length=200, blank=True, db_default="", help_text="The provider's own number."
    )
    row_number = models.IntegerField(
        help_text="As a spreadsheet counts: the header is row 1. Of a provider or the API: 1, 2, 3 and so on."
    )
    payload = models.JSONField(help_text="Verbatim: the cells in the order of the file, or the record.")
    received_at = models.DateTimeField(db_default=Now())

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "raw_leads"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["lead_import", "row_number"], name="raw_lead_once_per_import")]
        indexes = [
            models.Index(fields=["campaign_id"], condition=Q(campaign_id__isnull=False), name="raw_lead_by_campaign"),
        ]
        triggers = [STAGED_GO_ALONG]

    def __str__(self) -> str:
        return f"Row {self.row_number} of {self.lead_import}"


class StagedLead(Tenanted, models.Model):
    """A raw lead mapped onto our fields and cleaned, or the reason why it cannot become a lead."""

    is_personal = True
    loose_references = [OF_CAMPAIGN]
    organization_path = "lead_import__organization"

    raw_lead = models.OneToOneField(
        "leads.RawLead",
        on_delete=models.DB_CASCADE,
        db_constraint=False,
        primary_key=True,
        related_name="staged_lead",
    )
    # Of its raw lead, both; here too, so that the problems of an import of a million rows are found by an index. The
    # raw lead goes with the import and takes the staged one along.
    lead_import = models.ForeignKey(
        "leads.LeadImport",
        on_delete=models.DB_CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="staged_leads",
        verbose_name="import",
    )
    row_number = models.IntegerField("row")
    campaign_id = models.BigIntegerField("campaign number", null=True, help_text="The campaign it was fetched for.")
    status = models.CharField(
        max_length=20, choices=StagedStatus, default=StagedStatus.STAGED, db_default=StagedStatus.STAGED
    )
    email_normalized = models.CharField("address", max_length=320, blank=True, db_default="")
    fields = models.JSONField(default=dict, db_default={}, help_text="Our field names with the cleaned values.")
    problem_code = models.CharField(max_length=60, blank=True, db_default="")
    problem_column = models.CharField(max_length=200, blank=True, db_default="")
    problem_message = models.TextField("what is wrong", blank=True, db_default="")
    lead = models.ForeignKey(
        "leads.Lead", on_delete=models.DB_SET_NULL, null=True, related_name="staged_leads", db_constraint=False
    )
    staged_at = models.DateTimeField(db_default=Now())
    promoted_at = models.DateTimeField(null=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "staged_leads"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["lead_import", "row_number"], name="staged_lead_once_per_import"),
            models.CheckConstraint(condition=Q(status__in=StagedStatus.values), name="staged_lead_status_known"),
            models.CheckConstraint(
                condition=(Q(status="problem") & ~Q(problem_code="")) | (~Q(status="problem") & Q(problem_code="")),
                name="staged_lead_problem_iff_code",
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign_id"], condition=Q(campaign_id__isnull=False), name="staged_lead_by_campaign"
            ),
            models.Index(
                fields=["lead_import", "row_number"], condition=Q(status="problem"), name="staged_lead_problems"
            ),
            models.Index(
                fields=["lead_import", "row_number"], condition=Q(status="staged"), name="staged_lead_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"Row {self.row_number} of {self.lead_import}"


class LeadEnrichment(Tenanted, models.Model):
    """What an outside service added to a staged lead, with who said so and when; or why it could not."""

    is_personal = True
    loose_references = [OF_CAMPAIGN]
    organization_path = "staged_lead__lead_import__organization"

    staged_lead = models.ForeignKey("leads.StagedLead", on_delete=models.DB_CASCADE, related_name="enrichments")
    campaign_id = models.BigIntegerField("campaign number", null=True, help_text="That of its staged lead.")
    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=120, blank=True, help_text="The language model, where one answered.")
    result = models.JSONField(default=dict)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_enrichments"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["campaign_id"], condition=Q(campaign_id__isnull=False), name="enrichment_by_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}, {timezone.localtime(self.created_at):%-d %b %Y %H:%M %Z}"
