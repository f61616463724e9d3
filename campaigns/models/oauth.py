"""OAuth 2: the application that an organization registered at a provider, and what logs in by its tokens."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.encryption import EncryptedTextField


class OAuthProvider(models.TextChoices):
    MICROSOFT = "microsoft", "Microsoft"
    GOOGLE = "google", "Google"
    CUSTOM = "custom", "Another, by its addresses"


class Authentication(models.TextChoices):
    """How a sender or a mailbox logs in at its server."""

    PASSWORD = "password", "Password"
    OAUTH = "oauth", "OAuth"


class OAuthApplication(Tenanted, models.Model):
    """What an organization is known as at a provider: people who connect an account there allow it something."""

    SECRETS: ClassVar = ("client_secret",)

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="oauth_applications"
    )
    name = models.CharField(max_length=100, help_text="What it is called here.")
    provider = models.CharField(max_length=10, choices=OAuthProvider, default=OAuthProvider.MICROSOFT)
    client_id = models.CharField("client ID", max_length=255, help_text="As the provider shows it after registering.")
    client_secret = EncryptedTextField(blank=True, default="", help_text="Kept encrypted, never shown again.")
    tenant = models.CharField(
        max_length=100,
        blank=True,
        default="",
        help_text="The directory (tenant) ID of an application for one organization. Empty: accounts of any.",
    )
    authorize_url = models.CharField(
        "authorize address", max_length=500, blank=True, default="", help_text="Where people sign in and allow it."
    )
    token_url = models.CharField(
        "token address", max_length=500, blank=True, default="", help_text="Where tokens are asked for."
    )
    scopes = models.CharField(
        max_length=500, blank=True, default="", help_text="What is asked for, with spaces between."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "oauth_applications"
        ordering = ["name"]
        verbose_name = "OAuth application"
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="oauth_application_name_once"),
            models.CheckConstraint(condition=Q(provider__in=OAuthProvider.values), name="oauth_provider_known"),
            models.CheckConstraint(
                name="oauth_application_addresses_iff_custom",
                condition=(Q(provider=OAuthProvider.CUSTOM, tenant="") & ~Q(authorize_url="") & ~Q(token_url=""))
                | (~Q(provider=OAuthProvider.CUSTOM) & Q(authorize_url="", token_url="", scopes="")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def provider_name(self) -> str:
        """Who is signed in at, as a person would say it."""
        return self.name if self.provider == OAuthProvider.CUSTOM else self.get_provider_display()


class LogsIn(models.Model):
    """Mixed into what logs in at a mail server: by password, or by tokens once somebody has connected an account.

    It has no tokens any more once that has ended: the provider takes back what was allowed when somebody says so, the
    account's password changes or it is left unused for months. A person has to connect it again then.
    """

    TOKENS: ClassVar = ("refresh_token", "access_token")

    oauth_application = models.ForeignKey(
        "campaigns.OAuthApplication",
        on_delete=models.DB_SET_NULL,
        null=True,
        editable=False,
        related_name="%(class)s_set",
        verbose_name="OAuth application",
        help_text="By which it was connected with an account at a provider.",
    )
    oauth_scopes = models.CharField(
        "OAuth scopes", max_length=500, default="", editable=False, help_text="What was asked for there."
    )
    refresh_token = EncryptedTextField(default="", editable=False)
    access_token = EncryptedTextField(default="", editable=False)
    token_good_until = models.DateTimeField(null=True, editable=False, help_text="Its access token is used until then.")
    connected_at = models.DateTimeField(null=True, editable=False, help_text="Empty: it logs in by password.")
    connection_ended_at = models.DateTimeField(
        null=True, editable=False, help_text="When the provider took back what was allowed."
    )

    class Meta:
        abstract = True

    @property
    def authentication(self) -> Authentication:
        """How it logs in."""
        return Authentication.OAUTH if self.connected_at else Authentication.PASSWORD

    @property
    def is_connected(self) -> bool:
        """Whether it logs in by tokens, and nobody has to connect it again first."""
        return self.connected_at is not None and self.connection_ended_at is None


def without_tokens_once_ended(model: str) -> models.CheckConstraint:
    """Of a table of what logs in: what does not hold any more is not kept either."""
    return models.CheckConstraint(
        name=f"{model}_without_tokens_once_ended",
        condition=Q(connection_ended_at=None) | Q(refresh_token="", access_token="", token_good_until=None),
    )
