"""The e-mail services (ESPs) that can be a sender's way out, and the keys each of them needs.

Only names and keys: the library that speaks to them (django-anymail) is imported by `campaigns.delivery.esp`, and by
that alone, since it is slow to load and most installations never need it.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from campaigns_project.errors import Refused


@dataclass(frozen=True, slots=True)
class Service:
    """One service: the keys it must and may be given, where its API is, and what it can take.

    `takes_metadata` is whether it hands back what we attach to a mail, so that its reports find the message.
    `field` is how a value that differs from mail to mail is written in a mail for many people; empty where the service
    cannot put headers and whole bodies in by itself, so that mails go one by one. `probe` is a path below the API that
    answers to good keys and does nothing, with the header that shows the key; None where not every kind of key may ask.
    """

    label: str
    needs: tuple[str, ...]
    may_have: tuple[str, ...] = ()
    url: str = ""
    takes_metadata: bool = True
    field: str = ""
    probe: tuple[str, str, str] | None = None

    @property
    def keys(self) -> frozenset[str]:
        """Everything its settings may hold."""
        return frozenset((*self.needs, *self.may_have, "api_url"))


SERVICES: Mapping[str, Service] = {
    "brevo": Service("Brevo", ("api_key",), url="https://api.brevo.com/v3/", probe=("account", "api-key", "{api_key}")),
    "mailersend": Service("MailerSend", ("api_token",), url="https://api.mailersend.com/v1/", takes_metadata=False),
    "mailgun": Service(
        "Mailgun", ("api_key",), ("sender_domain",), url="https://api.mailgun.net/v3/", field="%recipient.{}%"
    ),
    "mailjet": Service("Mailjet", ("api_key", "secret_key"), url="https://api.mailjet.com/v3.1/"),
    "mandrill": Service("Mandrill", ("api_key",), url="https://mandrillapp.com/api/1.0/"),
    "postal": Service("Postal", ("api_key", "api_url"), takes_metadata=False),
    "postmark": Service(
        "Postmark",
        ("server_token",),
        ("message_stream",),
        url="https://api.postmarkapp.com/",
        probe=("server", "X-Postmark-Server-Token", "{server_token}"),
    ),
    "resend": Service("Resend", ("api_key",), url="https://api.resend.com/"),
    "sendgrid": Service(
        "SendGrid",
        ("api_key",),
        url="https://api.sendgrid.com/v3/",
        probe=("scopes", "Authorization", "Bearer {api_key}"),
    ),
    "sparkpost": Service("SparkPost", ("api_key",), ("subaccount",), url="https://api.sparkpost.com/api/v1/"),
}


def secrets_of(esp: str, keys: Mapping[str, str]) -> list[str]:
    """What is shown to the service and to nobody else: its keys, and how a login (RFC 7617) writes them."""
    own = [keys[name] for name in SERVICES[esp].needs if name in keys and name != "api_url"]
    logins = [f"api:{own[0]}", ":".join(own)] if own else []
    return [*own, *(base64.b64encode(login.encode()).decode() for login in logins)]


def read_settings(esp: str, text: str) -> dict[str, str]:
    """The settings of a service from the JSON they are kept as.

    Refused, naming the field, for a service that is not known and for settings it could not be used with. No value is
    ever repeated in a refusal.
    """
    service = SERVICES.get(esp)
    if service is None:
        raise Refused(
            "unknown_service",
            f"{esp[:40]!a} is not an e-mail service that mails can go out through.",
            f"Choose one of {', '.join(SERVICES)}.",
            {"field": "esp"},
        )
    given = _parsed(text)
    _check_keys(service, given)
    _check_url(given.get("api_url", ""))
    return given


def url_of(esp: str, given: Mapping[str, str]) -> str:
    """Where the service's API is, with a slash at the end."""
    return (given.get("api_url") or SERVICES[esp].url).rstrip("/") + "/"


def _parsed(text: str) -> dict[str, str]:
    try:
        given: Any = json.loads(text or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        message = "The service settings are not a JSON object of texts."
        raise _unusable(message, "Write them like {“api_key”: “…”}, with straight quotes.")
    return {str(name): value.strip() for name, value in given.items()}


def _check_keys(service: Service, given: Mapping[str, str]) -> None:
    missing = [name for name in service.needs if not given.get(name)]
    if missing:
        raise _unusable(f"{service.label} needs {' and '.join(missing)}.", "Its pages on API keys say where to get it.")
    unknown = sorted(set(given) - service.keys)
    if unknown:
        known = ", ".join(sorted(service.keys))
        raise _unusable(f"{service.label} has no setting {unknown[0][:40]!a}.", f"It takes {known}.")
    if any(not value.isprintable() or not value.isascii() for value in given.values()):
        message = "A setting of the service holds a character that cannot stand in a request."
        raise _unusable(message, "Copy it again, without line breaks.")


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if url and not (parts.scheme in {"https", "http"} and parts.hostname and not parts.username and not parts.query):
        raise _unusable("api_url is not an address.", "Write it like https://api.example.com/v1/.")


def _unusable(message: str, hint: str) -> Refused:
    return Refused("service_settings", message, hint, {"field": "esp_settings"})
