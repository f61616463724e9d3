from collections.abc import Iterable
from typing import Any, Self

from django.apps import apps
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Lower, Now
from django.db.models.lookups import StartsWith

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.accounts.timezones import validate_timezone
from campaigns_project.database.statement_keys import parents_exist
from leads.addresses import kept_form
from leads.models.incoming import STAGED_FORGET_IT


class LeadStatus(models.TextChoices):
    """What we know about writing to this person; suppressions decide, this shows."""

    OK = "ok", "OK"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    BOUNCED = "bounced", "Bounced"
    COMPLAINED = "complained", "Complained"


class Verification(models.TextChoices):
    """What is known of whether the address takes mail, by whoever checked it."""

    UNKNOWN = "unknown", "Not checked"
    VERIFIED = "verified", "Verified"
    LIKELY = "likely", "Likely to work"
    UNVERIFIED = "unverified", "Could not be verified"
    UNAVAILABLE = "unavailable", "Does not work"


class LeadQuerySet(OrganizationQuerySet):
    def tagged(self, tag: Any) -> Self:
        """Only leads that carry `tag`."""
        return self.tagged_any([tag])

    def tagged_any(self, tags: Iterable[Any]) -> Self:
        """Only leads that carry one of `tags`."""
        return self.filter(_carries(tags))

    def tagged_all(self, tags: Iterable[Any]) -> Self:
        """Only leads that carry each of `tags`."""
        return self.filter(*(_carries([tag]) for tag in tags))

    def tagged_none(self, tags: Iterable[Any]) -> Self:
        """Only leads that carry none of `tags`."""
        return self.filter(~_carries(tags))

    def matching(self, text: str) -> Self:
        """Leads whose company begins with `text`, or of whom each of its words is the beginning of the address, of a
        name or of the company, or the whole domain of the address.

        Beginnings alone, since those are what the indexes know: a part from the middle would take a look at everybody.
        """
        words = text.replace("\x00", "").split()
        each_word = Q.create([_begins(word) for word in words])
        return self.filter(_begins_with("company", " ".join(words)) | each_word) if words else self


def _carries(tags: Iterable[Any]) -> Exists:
    return Exists(apps.get_model("leads.LeadTag")._default_manager.filter(lead=OuterRef("pk"), tag__in=list(tags)))


def _begins(word: str) -> Q:
    named = [_begins_with(field, word) for field in ("first_name", "last_name", "company")]
    address = kept_form(word.removeprefix("@"))
    return Q.create([Q(email_normalized__startswith=address), Q(domain=address), *named], connector=Q.OR)


def _begins_with(field: str, text: str) -> Q:
    # The database folds the case, as it did for the index: Python's rules differ for some letters.
    return Q(StartsWith(Lower(field), Lower(Value(text))))


class Lead(Tenanted, models.Model):
    """A person we may write to: one row per organization and normalized e-mail."""

    is_personal = True

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, db_index=False, related_name="leads"
    )
    email = models.EmailField("e-mail", max_length=254, help_text="As given; comparisons use the normalized form.")
    email_normalized = models.CharField(max_length=320, editable=False)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    company = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    website = models.CharField(max_length=300, blank=True)
    linkedin_url = models.CharField("LinkedIn", max_length=300, blank=True)
    city = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=120, blank=True)
    timezone = models.CharField(
        "time zone",
        max_length=64,
        blank=True,
        db_default="",
        validators=[validate_timezone],
        help_text="E.g. Europe/Prague.",
    )
    seniority = models.CharField(max_length=40, blank=True, db_default="", help_text="E.g. c_suite, head, manager.")
    industry = models.CharField(max_length=120, blank=True, db_default="")
    company_domain = models.CharField("company website domain", max_length=255, blank=True, db_default="")
    company_size = models.PositiveIntegerField(null=True, blank=True, help_text="How many people work there.")
    custom = models.JSONField(default=dict, blank=True, help_text="Further fields as texts, e.g. {“stand”: “B 12”}.")
    status = models.CharField(max_length=20, choices=LeadStatus, default=LeadStatus.OK, editable=False)
    domain = models.GeneratedField(
        expression=Func(F("email_normalized"), Value("@"), Value(-1), function="split_part"),
        output_field=models.CharField(max_length=255),
        db_persist=True,
    )
    verification = models.CharField(
        max_length=20, choices=Verification, default=Verification.UNKNOWN, db_default=Verification.UNKNOWN
    )
    is_role = models.BooleanField(
        "role address", default=False, db_default=False, editable=False, help_text="A function such as info@ or sales@."
    )
    is_disposable = models.BooleanField(
        "disposable address", default=False, db_default=False, editable=False, help_text="Of a throw-away service."
    )
    is_catch_all = models.BooleanField(
        "catch-all domain", default=False, db_default=False, editable=False, help_text="Its server takes any address."
    )
    # The same for all leads of a chunk: looked up once, by the triggers below and that of the import.
    lead_import = models.ForeignKey(
        "leads.LeadImport",
        on_delete=models.DB_SET_NULL,
        null=True,
        editable=False,
        related_name="created_leads",
        verbose_name="import",
        db_constraint=False,
    )
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    objects = LeadQuerySet.as_manager()

    class Meta:
        db_table = "leads"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "email_normalized"], name="lead_once_per_organization"),
            models.CheckConstraint(
                condition=Q(email_normalized=Lower("email_normalized")) & ~Q(email_normalized=""),
                name="lead_normalized_is_lower",
            ),
            models.CheckConstraint(condition=Q(status__in=LeadStatus.values), name="lead_status_known"),
            models.CheckConstraint(condition=Q(verification__in=Verification.values), name="lead_verification_known"),
        ]
        indexes = [
            models.Index(OpClass("email_normalized", name="text_pattern_ops"), name="lead_email_prefix"),
            models.Index(fields=["organization", "-id"], name="lead_newest"),
            models.Index(fields=["organization", "status"], name="lead_by_status"),
            models.Index(fields=["organization", "domain", "-id"], name="lead_by_domain"),
            models.Index(F("organization"), OpClass(Lower("last_name"), "text_pattern_ops"), name="lead_last_name"),
            models.Index(F("organization"), OpClass(Lower("first_name"), "text_pattern_ops"), name="lead_first_name"),
            models.Index(F("organization"), OpClass(Lower("company"), "text_pattern_ops"), name="lead_company"),
            GinIndex(OpClass("custom", "jsonb_path_ops"), name="lead_custom"),
        ]
        triggers = [STAGED_FORGET_IT, *parents_exist({"lead_import_id": "lead_imports"})]

    def __str__(self) -> str:
        return self.full_name or self.email

    @property
    def full_name(self) -> str:
        """First and last name, as far as known."""
        return f"{self.first_name} {self.last_name}".strip()


class LeadAlias(Tenanted, models.Model):
    """A lead that was merged into another: links in its old mails and its old address still lead to the one kept."""

    is_personal = True

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="+")
    lead = models.ForeignKey("leads.Lead", on_delete=models.DB_CASCADE, related_name="aliases")
    old_id = models.BigIntegerField("number it had", help_text="Of the lead that is gone.")
    email_normalized = models.CharField("address it had", max_length=320)
    created_at = models.DateTimeField(db_default=Now())

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_aliases"
        ordering = ["-id"]
        verbose_name_plural = "lead aliases"
        constraints = [
            models.UniqueConstraint(fields=["old_id"], name="lead_alias_once"),
            models.UniqueConstraint(
                fields=["organization", "email_normalized"], name="lead_alias_address_once_per_organization"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email_normalized} (was lead {self.old_id})"


class ChangeSource(models.TextChoices):
    """What changed a lead's fields."""

    PERSON = "person", "By hand"
    IMPORT = "import", "Import"
    API = "api", "API"
    PROVIDER = "provider", "Lead provider"
    ENRICHMENT = "enrichment", "Enrichment"
    MERGE = "merge", "Merge"


class LeadChange(Tenanted, models.Model):
    """Fields of a lead that changed, with what stood there before; goes with the lead, as the audit log cannot."""

    is_personal = True
    organization_path = "lead__organization"

    lead = models.ForeignKey("leads.Lead", on_delete=models.DB_CASCADE, db_index=False, related_name="changes")
    changes = models.JSONField(help_text="Field to before and after, e.g. {“company”: [“Acme”, “Acme GmbH”]}.")
    source = models.CharField(max_length=20, choices=ChangeSource)
    lead_import = models.ForeignKey(
        "leads.LeadImport", on_delete=models.DB_SET_NULL, null=True, related_name="lead_changes"
    )
    row_number = models.IntegerField(null=True, help_text="Of the import.")
    actor = models.CharField(max_length=254, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_changes"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(source__in=ChangeSource.values), name="lead_change_source_known")
        ]
        indexes = [models.Index(fields=["lead", "-id"], name="lead_change_newest")]

    def __str__(self) -> str:
        return f"{self.lead}: {', '.join(self.changes)}"
