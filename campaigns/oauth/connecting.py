"""Connecting a sender or a mailbox with an account at a provider: the authorization code flow with PKCE (RFC 7636).

What belongs together stands in an `Attempt`, which whoever asks keeps in the person's session until the provider has
sent the browser back: nobody else can bring the answer, and it can be brought once.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db import transaction
from django.db.models.functions import Now

from campaigns.delivery.tokens import NoToken
from campaigns.models import LogsIn, Mailbox, OAuthApplication, Sender, SenderKind
from campaigns.oauth.hints import HINTS
from campaigns.oauth.providers import KNOWN, Server, authorize_url, scopes_of, server_for, takes_tokens
from campaigns.oauth.tokens import good_for
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused, StateRefused

HOLDS_FOR = timedelta(minutes=10)  # signing in with a second factor takes a while
OF_KIND: dict[str, type[Sender] | type[Mailbox]] = {"sender": Sender, "mailbox": Mailbox}
SERVER = ("host", "port", "security")
CONNECTION = (*LogsIn.TOKENS, "oauth_application", "oauth_scopes", "token_good_until", "connected_at",
              "connection_ended_at")  # fmt: skip

type Owner = Sender | Mailbox

if TYPE_CHECKING:
    from campaigns.oauth.asking import Answered


@dataclass(frozen=True)
class Attempt:
    """What somebody began to connect, until the answer is there. `verifier` is a secret."""

    state: str
    verifier: str
    kind: str
    owner: int
    application: int
    person: int
    until: float  # seconds since 1970

    def as_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of_text(cls, text: str) -> "Attempt":
        return cls(**json.loads(text))

    def is_of(self, person: int | None, *, now: datetime) -> bool:
        """Whether this person may still finish it."""
        return self.person == person and now.timestamp() <= self.until


def applications_for(owner: Owner) -> list[OAuthApplication]:
    """Those that `owner` could be connected by."""
    found = OAuthApplication.objects.for_organization(owner.organization).defer(*OAuthApplication.SECRETS)
    return [each for each in found if not owner.host or takes_tokens(each, owner.host)]


def begin(
    *, owner: Owner, application: OAuthApplication, person: int, redirect: str, now: datetime
) -> tuple[Attempt, str]:
    """What is to be kept, and the address at the provider at which the person goes on. Nothing is changed yet."""
    _check(owner, application)
    attempt = Attempt(
        state=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(64),
        kind=owner._meta.model_name or "",
        owner=owner.pk,
        application=application.pk,
        person=person,
        until=(now + HOLDS_FOR).timestamp(),
    )
    known = KNOWN.get(application.provider)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=")
    asked = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": redirect,
        "scope": scopes_of(application, owner),
        "state": attempt.state,
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
        "login_hint": account_of(owner),
        **(known.asked if known else {}),
    }
    address = authorize_url(application)
    return attempt, f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def finish(*, owner: Owner, attempt: Attempt, code: str, redirect: str, actor: Actor, now: datetime) -> None:
    """Fetch the tokens for `code` and have `owner` log in by them. Refused where there are none, or not for it.

    Asks the provider, so never inside a transaction. Whether the mail server takes the tokens is not tried.
    """
    application = _application(owner, attempt.application)
    _check(owner, application)
    told = _tokens(application, attempt, code, redirect)
    if told.account and told.account.lower() != account_of(owner).lower():
        raise Refused(
            "another_account",
            f"{application.provider_name} signed {told.account[:254]} in, and this logs in as {account_of(owner)}.",
            "Begin again and choose the right account; sign out of the other one there if it is not asked.",
        )
    if not told.refresh:
        raise Refused(
            "no_refresh_token",
            f"{application.provider_name} gave a token for an hour and none to get others by.",
            "The application has to ask for access that lasts: offline_access among its scopes, as most providers "
            "call it.",
        )
    with transaction.atomic():
        locked = OF_KIND[attempt.kind].objects.select_for_update().filter(pk=owner.pk).first()
        application = _application(owner, attempt.application)
        if locked is None:
            raise NotFound("not_found", f"{owner} was deleted meanwhile.")
        _check(locked, application)
        again = locked.connected_at is not None
        locked.oauth_application, locked.oauth_scopes = application, scopes_of(application, locked)
        locked.refresh_token, locked.access_token = told.refresh, told.access
        locked.token_good_until = now + good_for(told.seconds)
        locked.connected_at, locked.connection_ended_at = now, None
        _fill_in(locked, server_for(application, locked))
        # Not all: others may have written to it meanwhile. The last has open connections be opened anew.
        locked.save(update_fields=[*CONNECTION, *SERVER, "updated_at"])
        after = {"application": application.name, "host": locked.host, "username": account_of(locked), "again": again}
        _record(locked, "connected", actor, after=after)


@transaction.atomic
def disconnect(*, owner: Owner, actor: Actor) -> None:
    """Forget its tokens: it logs in by its password from now on. Refused where it is not connected."""
    gone = {**dict.fromkeys((*LogsIn.TOKENS, "oauth_scopes"), ""), "oauth_application": None, "token_good_until": None}
    connected = OF_KIND[owner._meta.model_name or ""].objects.filter(pk=owner.pk, connected_at__isnull=False)
    if not connected.update(connected_at=None, connection_ended_at=None, updated_at=Now(), **gone):
        raise StateRefused("not_connected", f"{owner} is not connected.")
    _record(owner, "disconnected", actor)


def account_of(owner: Owner) -> str:
    """Whom it logs in as by a token."""
    return owner.username or (owner.email if isinstance(owner, Sender) else "")


def check_connection_stays(owner: Owner, *, host: str) -> None:
    """Refused where what is connected would from now on show its tokens to another host."""
    if owner.connected_at is not None and owner.host.lower() != host.lower():
        raise Refused(
            "connected_to_another_host",
            f"It is connected for {owner.host[:253]}, and its tokens are not sent to {host[:253] or 'another host'}.",
            "Disconnect it first.",
            {"field": "host"},
        )


def _application(owner: Owner, pk: int) -> OAuthApplication:
    application = OAuthApplication.objects.for_organization(owner.organization).filter(pk=pk).first()
    if application is None:
        raise NotFound("not_found", "The OAuth application was deleted meanwhile.", "Begin again with another.")
    return application


def _check(owner: Owner, application: OAuthApplication) -> None:
    """Whether tokens of `application` are of use for `owner` as it is set up now."""
    if isinstance(owner, Sender) and owner.kind != SenderKind.SMTP:
        raise StateRefused("not_by_smtp", f"{owner.email} does not send by SMTP.", "Choose SMTP server as its kind.")
    if not owner.host and server_for(application, owner) is None:
        raise StateRefused("host_missing", f"{owner} has no host.", "Fill in its host and save it first.")
    if owner.host and not takes_tokens(application, owner.host):
        name = application.provider_name
        raise StateRefused(
            "host_of_another_provider",
            f"{owner.host} is not a mail server of {name}, whose tokens go nowhere else.",
            f"Choose the application for it, or make its host that of {name}.",
        )


def _tokens(application: OAuthApplication, attempt: Attempt, code: str, redirect: str) -> "Answered":
    from campaigns.oauth.asking import exchange_code  # noqa: PLC0415 - loads an HTTP library

    try:
        return exchange_code(application, code=code, verifier=attempt.verifier, redirect=redirect)
    except NoToken as refused:
        raise Refused(refused.reason, f"It was not connected: {refused.said}", HINTS[refused.reason]) from None


def _fill_in(owner: Owner, server: Server | None) -> None:
    """The provider's own server, where none is named."""
    if not owner.host and server is not None:
        owner.host, owner.port, owner.security = server.host, server.port, server.security


def _record(owner: Owner, act: str, actor: Actor, after: dict[str, object] | None = None) -> None:
    record(
        action=f"{owner._meta.model_name}.{act}",
        entity=owner,
        organization_id=owner.organization_id,
        actor=actor,
        after=after,
    )
