"""The one place that django-anymail's webhook views are used: what checks and reads the formats of the services.

A view is made for one sender with that sender's secret, and never takes a setting of the installation's. It is loaded
with the first report: it takes a while, and most processes never see one.
"""

import base64
import hmac
import warnings
from copy import copy
from functools import cache
from hashlib import sha256
from importlib import import_module
from typing import Any

from django.http import HttpRequest

from campaigns.delivery.hooks import HOOKS, USER, bare_key, svix_key

# Module and class, and the name under which the class takes what signatures are checked with; none where the service
# does not sign, so that a login is checked, and for Resend, see below.
_VIEWS = {
    "amazon_ses": ("amazon_ses", "AmazonSESTrackingWebhookView", ""),
    "brevo": ("brevo", "BrevoTrackingWebhookView", ""),
    "mailersend": ("mailersend", "MailerSendTrackingWebhookView", "signing_secret"),
    "mailgun": ("mailgun", "MailgunTrackingWebhookView", "webhook_signing_key"),
    "mailjet": ("mailjet", "MailjetTrackingWebhookView", ""),
    "mandrill": ("mandrill", "MandrillCombinedWebhookView", "webhook_key"),
    "postal": ("postal", "PostalTrackingWebhookView", "webhook_key"),
    "postmark": ("postmark", "PostmarkTrackingWebhookView", ""),
    "resend": ("resend", "ResendTrackingWebhookView", ""),
    "sendgrid": ("sendgrid", "SendGridTrackingWebhookView", "tracking_webhook_verification_key"),
    "sparkpost": ("sparkpost", "SparkPostTrackingWebhookView", ""),
}
READING = "nothing is checked with this"  # the secret of a view that only reads what was checked before


class NotAuthentic(Exception):
    """The service did not send this, or not with this secret."""


def check(service: str, secret: str, address: str, request: HttpRequest) -> None:
    """NotAuthentic unless `request` proves that the service sent it, by its signature or by the login in `address`.

    How old it is, is not looked at.
    """
    try:
        if service == "resend":
            _check_svix(secret, request)
        else:
            _view(service, secret, address).run_validators(request)
    except NotAuthentic:
        raise
    except Exception as error:
        # The library reads what anybody may have sent, and trusts its shape.
        raise NotAuthentic(type(error).__name__) from error


def events_in(service: str, request: HttpRequest) -> list[Any]:
    """The events of a request that was checked, in the library's words. Raises whatever a strange body makes it."""
    reader = copy(_reader(service))  # one of them keeps in itself what it read
    events: list[Any] = reader.parse_events(request)
    return events


@cache
def _reader(service: str) -> Any:
    return _view(service, READING, "")


def _view(service: str, secret: str, address: str) -> Any:
    module, name, key = _VIEWS[service]
    kind = getattr(import_module(f"anymail.webhooks.{module}"), name)
    if service == "amazon_ses":
        return _without_boto(kind, secret)
    given: dict[str, Any] = {"webhook_secret": [] if key else [f"{USER}:{secret}"]}
    if key and not (HOOKS[service].has_public_key and secret == READING):
        given[key] = bare_key(secret)
    elif key == "webhook_key":
        given[key] = ""
    if service == "mandrill":
        given["webhook_url"] = address  # it signs the address as it was entered, whatever a proxy makes of it
    if service == "mailgun":
        given["api_key"] = None
    with warnings.catch_warnings():
        # The makers of the library have no SendGrid account to try it with any more, and say so each time.
        warnings.simplefilter("ignore")
        return kind(**given)


def _without_boto(kind: Any, secret: str) -> Any:
    """The view for Amazon SES without Amazon's library, of which it needs nothing to read a report.

    Subscriptions are confirmed by `tracking.inbound.subscribe`, outside the request.
    """
    view = kind.__new__(kind)
    view.auto_confirm_enabled = False
    base = import_module("anymail.webhooks.base").AnymailBaseWebhookView
    base.__init__(view, webhook_secret=[f"{USER}:{secret}"])
    return view


def _check_svix(secret: str, request: HttpRequest) -> None:
    """As Standard Webhooks says; the library would have a second one do it that brings eight more."""
    number, at = request.headers.get("svix-id", ""), request.headers.get("svix-timestamp", "")
    signed = b".".join([number.encode(), at.encode(), request.body])
    wanted = base64.b64encode(hmac.digest(svix_key(secret), signed, sha256)).decode()
    given = [each.partition(",") for each in request.headers.get("svix-signature", "").split()]
    matches = [hmac.compare_digest(text.encode(), wanted.encode()) for version, _, text in given if version == "v1"]
    if not (number and at and any(matches)):
        raise NotAuthentic("signature")
