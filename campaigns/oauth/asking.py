"""The token address of a provider (RFC 6749 4.1.3, 5 and 6): what is asked there, and what its answers mean."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from campaigns.delivery.hiding import without
from campaigns.delivery.tokens import NoToken
from campaigns.models import OAuthApplication
from campaigns.oauth.providers import token_url
from campaigns_project.encryption import readable
from campaigns_project.errors import Refused
from campaigns_project.outbound import HostUnknown
from campaigns_project.outbound_http import Answer, NoAnswer, exchange

SECONDS = 10.0  # of one question; also the most that somebody waits for who needs the same token
MOST_BYTES = 200_000  # of an answer: tokens are a few thousand
MOST_SAID = 300  # characters of a provider's words that are kept
USUAL_LIFE = 3600.0  # seconds of a token of which nothing is said
LONGEST_LIFE = 86_400.0
# A person has to allow it again: what was allowed is gone, or is not enough any more.
ENDED = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required", "access_denied"})
PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
PASSING_STATUS = frozenset({408, 425, 429})
SERVER_TROUBLE = 500
_UNSHOWABLE = re.compile(r"[\x00-\x20\x7f-\xa0\ud800-\udfff]+")


@dataclass(frozen=True)
class Answered:
    """Tokens. `refresh` is empty where the old one stays good, `account` where it is not told whose they are."""

    access: str
    refresh: str
    seconds: float
    account: str = ""


def exchange_code(application: OAuthApplication, *, code: str, verifier: str, redirect: str) -> Answered:
    """The tokens for a code that somebody brought back from the provider. NoToken where there are none."""
    asked = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": redirect}
    return _ask(application, asked, secrets=[code, verifier], seconds=SECONDS)


def refreshed(application: OAuthApplication, *, refresh_token: str, scopes: str, seconds: float) -> Answered:
    """A new access token. NoToken where there is none."""
    asked = {"grant_type": "refresh_token", "refresh_token": refresh_token, **({"scope": scopes} if scopes else {})}
    return _ask(application, asked, secrets=[refresh_token], seconds=min(seconds, SECONDS))


def _ask(application: OAuthApplication, asked: Mapping[str, str], *, secrets: list[str], seconds: float) -> Answered:
    url = token_url(application)
    try:
        secret = readable(application.client_secret)
        known = {"client_id": application.client_id, **({"client_secret": secret} if secret else {})}
        answer = exchange(
            "POST",
            url,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            content=urlencode({**asked, **known}).encode(),
            seconds=seconds,
            most_bytes=MOST_BYTES,
        )
    except NoAnswer as error:
        raise NoToken("token_service", f"{application.provider_name}: {error.why}", permanent=False) from None
    except HostUnknown as refused:
        raise NoToken("token_service", refused.message, permanent=False) from None
    except Refused as refused:
        reason = refused.code if refused.code == "secret_unreadable" else "application_refused"
        raise NoToken(reason, str(refused), permanent=True) from None
    return _read(application, answer, [secret, *secrets])


def _read(application: OAuthApplication, answer: Answer, secrets: list[str]) -> Answered:
    told = _object(answer.body)
    access = told.get("access_token")
    if answer.status == 200 and isinstance(access, str) and access and _is_bearer(told):
        refresh = told.get("refresh_token")
        return Answered(
            access=access,
            refresh=refresh if isinstance(refresh, str) else "",
            seconds=_seconds(told.get("expires_in")),
            account=_account(told.get("id_token")),
        )
    raise _refused(application, answer.status, told, secrets)


def _refused(application: OAuthApplication, status: int, told: Mapping[str, Any], secrets: list[str]) -> NoToken:
    code = told.get("error")
    code = code if isinstance(code, str) else ""
    words = [str(each) for each in (status, code, told.get("error_description")) if each]
    said = f"{application.provider_name}: {_UNSHOWABLE.sub(' ', without(secrets, ' '.join(words))).strip()[:MOST_SAID]}"
    if code in ENDED:
        return NoToken("connect_again", said, permanent=True)
    is_passing = code in PASSING or status in PASSING_STATUS or status >= SERVER_TROUBLE
    if is_passing or status == 200:
        return NoToken("token_service", said, permanent=False)
    return NoToken("application_refused", said, permanent=True)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _is_bearer(told: Mapping[str, Any]) -> bool:
    return str(told.get("token_type", "bearer")).lower() == "bearer"


def _seconds(told: Any) -> float:
    """How long a token lives; some say it as a text."""
    try:
        seconds = float(told)
    except (TypeError, ValueError):
        return USUAL_LIFE
    return min(seconds, LONGEST_LIFE) if seconds > 0 else USUAL_LIFE


def _account(id_token: Any) -> str:
    """The address in an ID token, if there is one. Nobody but the provider could have put it into its own answer, so
    its signature need not be checked (OpenID Connect Core 3.1.3.7, 6)."""
    try:
        body = str(id_token).split(".")[1]
        told = _object(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return ""
    address = told.get("email") or told.get("preferred_username")
    return address if isinstance(address, str) and "@" in address else ""
