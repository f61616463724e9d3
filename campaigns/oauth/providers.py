"""What is known of each provider: its addresses, what is asked for there, and whose mail servers take its tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.models import Mailbox, OAuthApplication, OAuthProvider, Sender

ANY_TENANT = "common"
MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/"
OUTLOOK = "https://outlook.office.com/"


@dataclass(frozen=True)
class Server:
    """A provider's own mail server, as it is set up unless somebody says otherwise."""

    host: str
    port: int
    security: str


@dataclass(frozen=True)
class Known:
    """A provider that needs no addresses. Its tokens go to hosts below `domains` and to no other."""

    signs_in_at: str  # with a place for the tenant, where the provider has such
    gives_tokens_at: str
    domains: tuple[str, ...]
    smtp: Server
    imap: Server
    asked: Mapping[str, str] = field(default_factory=dict)  # with the question whether it is allowed
    repeats_scopes: bool = False  # a new token is for the same things only where they are named again


KNOWN: Mapping[str, Known] = {
    OAuthProvider.MICROSOFT: Known(
        signs_in_at=f"{MICROSOFT}authorize",
        gives_tokens_at=f"{MICROSOFT}token",
        domains=("office365.com", "outlook.com"),
        smtp=Server("smtp.office365.com", 587, "starttls"),
        imap=Server("outlook.office365.com", 993, "tls"),
        repeats_scopes=True,
    ),
    OAuthProvider.GOOGLE: Known(
        signs_in_at="https://accounts.google.com/o/oauth2/v2/auth",
        gives_tokens_at="https://oauth2.googleapis.com/token",
        domains=("gmail.com", "googlemail.com"),
        smtp=Server("smtp.gmail.com", 587, "starttls"),
        imap=Server("imap.gmail.com", 993, "tls"),
        # Without both there is a refresh token with the first consent only, or none at all.
        asked={"access_type": "offline", "prompt": "consent"},
    ),
}


def authorize_url(application: OAuthApplication) -> str:
    """Where a person signs in and allows it."""
    known = KNOWN.get(application.provider)
    return _of_its_tenant(known.signs_in_at, application) if known else application.authorize_url


def token_url(application: OAuthApplication) -> str:
    """Where tokens are asked for."""
    known = KNOWN.get(application.provider)
    return _of_its_tenant(known.gives_tokens_at, application) if known else application.token_url


def scopes_of(application: OAuthApplication, owner: Sender | Mailbox) -> str:
    """What is asked for: no more than `owner` needs, as far as the provider tells sending and reading apart."""
    match application.provider:
        case OAuthProvider.MICROSOFT:
            act = "SMTP.Send" if isinstance(owner, Sender) else "IMAP.AccessAsUser.All"
            return f"{OUTLOOK}{act} offline_access"
        case OAuthProvider.GOOGLE:
            return "https://mail.google.com/"
    return application.scopes


def server_for(application: OAuthApplication, owner: Sender | Mailbox) -> Server | None:
    """The provider's own server for `owner`; None where it is not known."""
    known = KNOWN.get(application.provider)
    if known is None:
        return None
    return known.smtp if isinstance(owner, Sender) else known.imap


def takes_tokens(application: OAuthApplication, host: str) -> bool:
    """Whether tokens of the provider may be shown to this host: whoever sees one may use it for an hour."""
    known = KNOWN.get(application.provider)
    return known is None or host.lower().rstrip(".").endswith(tuple(f".{domain}" for domain in known.domains))


def _of_its_tenant(address: str, application: OAuthApplication) -> str:
    return address.format(tenant=application.tenant or ANY_TENANT)
