"""Services outside that find people or tell more of them: their keys, and what was bought from them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.encryption import EncryptedTextField


class Provider(models.TextChoices):
    """Where leads can be found."""

    APOLLO = "apollo", "Apollo"


class ProviderAccount(Tenanted, models.Model):
    """An organization's key at a lead provider."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="provider_accounts"
    )
    provider = models.CharField(max_length=20, choices=Provider)
    api_key = EncryptedTextField("API key", help_text="Kept encrypted, never shown again.")
    credit_limit = models.PositiveIntegerField(
        "most credits a fetch", null=True, blank=True, help_text="No fetch spends more. Empty: no limit of its own."
    )
    checked_at = models.DateTimeField(null=True, editable=False, help_text="When the provider last answered.")
    last_error = models.TextField(blank=True, db_default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "provider_accounts"
        ordering = ["provider"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "provider"], name="provider_account_once"),
            models.CheckConstraint(condition=Q(provider__in=Provider.values), name="provider_account_known"),
        ]

    def __str__(self) -> str:
        return self.get_provider_display()


class PurchaseStatus(models.TextChoices):
    """What became of asking a provider for one person."""

    ASKED = "asked", "Asked, no answer yet"
    FOUND = "found", "Found"
    MISSING = "missing", "Nothing found"
    UNCLEAR = "unclear", "The answer got lost"
    ERASED = "erased", "Person erased"


class ProviderPurchase(Tenanted, models.Model):
    """One person asked of a provider for credits: noted before the call and after, so that nobody is bought twice."""

    is_personal = True

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="purchases")
    provider = models.CharField(max_length=20, choices=Provider)
    external_id = models.CharField("external ID", max_length=200, help_text="What the provider calls this person.")
    status = models.CharField(max_length=20, choices=PurchaseStatus, default=PurchaseStatus.ASKED)
    credits = models.DecimalField(max_digits=10, decimal_places=3, null=True, help_text="As the provider counted.")
    payload = models.JSONField(null=True, help_text="What it answered, to be used again.")
    lead_import = models.ForeignKey(
        "leads.LeadImport", on_delete=models.DB_SET_NULL, null=True, related_name="purchases"
    )
    asked_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "provider_purchases"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["organization", "provider"],
                condition=Q(status__in=["asked", "unclear"]),
                name="provider_purchase_open",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "provider", "external_id"], name="provider_purchase_once_per_person"
            ),
            models.CheckConstraint(condition=Q(provider__in=Provider.values), name="provider_purchase_known"),
            models.CheckConstraint(
                condition=Q(status__in=PurchaseStatus.values), name="provider_purchase_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} {self.external_id}"


class EnrichmentProfile(Tenanted, models.Model):
    """An endpoint that speaks OpenAI's chat completions, asked to fill fields of staged leads."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="enrichment_profiles"
    )
    name = models.CharField(max_length=120)
    url = models.URLField("address", max_length=500, help_text="Up to /v1, e.g. https://llm.example.com/v1.")
    model = models.CharField(max_length=120)
    api_key = EncryptedTextField("API key", blank=True, default="", help_text="Kept encrypted, never shown again.")
    prompt = models.TextField(help_text="What to find out; {{ company }} and other fields are filled in.")
    fields = models.JSONField(help_text="Fields the answer may fill where they are empty, e.g. [“custom.icebreaker”].")
    is_active = models.BooleanField("active", default=True, db_default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "enrichment_profiles"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="enrichment_profile_name_once")]

    def __str__(self) -> str:
        return self.name
