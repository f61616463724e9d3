"""How each e-mail service reports what became of a mail, and what proves that it is the service who does.

Names and words only, as in `services`. Besides the services that mails go out through, one whose SMTP server is used.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from campaigns.delivery.services import SERVICES
from campaigns_project.errors import Refused

USER = "fairlead"  # whom a service that does not sign logs in as, with the webhook secret for a password
SHORTEST = 16  # characters of a secret that one made up: longer than can be guessed


@dataclass(frozen=True, slots=True)
class Hook:
    """One service: what its secret is called there, and where its webhook is set up.

    `signs` is whether it signs what it sends; else the secret stands in the address, as a password. `has_public_key` is
    for those whose secret is a key that only checks signatures.
    """

    secret: str
    setup: str
    signs: bool = True
    has_public_key: bool = False
    label: str = ""


_MADE_UP = f"a password of your own, {SHORTEST} characters or more"
HOOKS: Mapping[str, Hook] = {
    "amazon_ses": Hook(
        _MADE_UP,
        "In SNS, subscribe the address to the topic that SES publishes bounces, complaints and deliveries to: protocol "
        "HTTPS, raw message delivery off. In SES, let the topic have the original headers. We confirm the "
        "subscription.",
        signs=False,
        label="Amazon SES",
    ),
    "brevo": Hook(
        _MADE_UP,
        "Transactional, Settings, Webhook: delivered, soft and hard bounce, invalid, blocked, error, complaint and "
        "unsubscribed.",
        signs=False,
    ),
    "mailersend": Hook(
        "the signing secret that the webhook shows",
        "Domains, Manage, Webhooks: delivered, soft and hard bounced, spam complaint and unsubscribed.",
    ),
    "mailgun": Hook(
        "the HTTP webhook signing key",
        "Send, Sending, Webhooks: delivered, permanent and temporary failure, spam complaints and unsubscribes.",
    ),
    "mailjet": Hook(
        _MADE_UP,
        "Account settings, Event notifications: sent, bounce, blocked, spam and unsub, events grouped.",
        signs=False,
    ),
    "mandrill": Hook(
        "the key that the webhook shows",
        "Settings, Webhooks: sent, delayed, bounced, soft-bounced, marked as spam, recipient unsubscribes, rejected.",
    ),
    "postal": Hook(
        "the server's default DKIM public key, the part after p=",
        "Webhooks of the mail server: MessageSent, MessageDelayed, MessageDeliveryFailed, MessageHeld, MessageBounced.",
        has_public_key=True,
    ),
    "postmark": Hook(
        _MADE_UP,
        "Webhooks of the message stream: delivery, bounce, spam complaint and subscription change.",
        signs=False,
    ),
    "resend": Hook(
        "the signing secret that the webhook shows, whsec_…",
        "Webhooks, Add webhook: email.sent, delivered, delivery_delayed, bounced and complained.",
    ),
    "sendgrid": Hook(
        "the verification key of the signed event webhook",
        "Settings, Mail settings, Event webhooks: deliverability and unsubscribe events, signature verification on.",
        has_public_key=True,
    ),
    "sparkpost": Hook(
        _MADE_UP,
        "Configuration, Webhooks: delivery, bounce, out of band, spam complaint, policy rejection, generation failure "
        "and rejection, list and link unsubscribe.",
        signs=False,
    ),
}


def label_of(service: str) -> str:
    """What the service is called; one that is not known any more by its key."""
    if service in SERVICES:
        return SERVICES[service].label
    return HOOKS[service].label if service in HOOKS else {"instantly": "Instantly"}.get(service, service)


def check_hook(service: str, secret: str) -> None:
    """Refused, naming the field, for a service that is not known and for a secret that could prove nothing there."""
    if service and service not in HOOKS:
        raise Refused(
            "unknown_service",
            f"{service[:40]!a} is not an e-mail service whose reports are understood.",
            f"Choose one of {', '.join(HOOKS)}.",
            {"field": "webhook_service"},
        )
    if service and secret:
        _check_secret(service, secret)


def address_with(secret: str, address: str) -> str:
    """`address` with a login in it, as a service that does not sign has to call it."""
    parts = urlsplit(address)
    return parts._replace(netloc=f"{USER}:{quote(secret, safe='')}@{parts.netloc}").geturl()


def bare_key(secret: str) -> str:
    """A public key without the lines around it and in it, however it was copied."""
    return "".join(line.strip() for line in secret.splitlines() if not line.startswith("-----"))


def svix_key(secret: str) -> bytes:
    """The bytes a Standard Webhooks secret (whsec_…) stands for; ValueError for another text."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _check_secret(service: str, secret: str) -> None:
    hook = HOOKS[service]
    if not secret.isascii() or not (secret.isprintable() or hook.has_public_key):
        raise _unusable("The webhook secret holds a character that none has.", "Copy it again.")
    if not hook.signs and len(secret) < SHORTEST:
        hint = f"Take a random one of {SHORTEST} characters or more: whoever guesses it can report what they like."
        raise _unusable("The webhook secret is short.", hint)
    if hook.has_public_key and not _is_public_key(bare_key(secret)):
        raise _unusable("The webhook secret is not a public key.", f"{label_of(service)} wants {hook.secret}.")
    if service == "resend":
        try:
            svix_key(secret)
        except ValueError:
            hint = f"{label_of(service)} wants {hook.secret}."
            raise _unusable("The webhook secret is none of this service's.", hint) from None


def _is_public_key(key: str) -> bool:
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415 - rarely needed

    try:
        load_der_public_key(base64.b64decode(key, validate=True))
    except (ValueError, TypeError):
        return False
    return True


def _unusable(message: str, hint: str) -> Refused:
    return Refused("webhook_secret_unusable", message, hint, {"field": "webhook_secret"})
