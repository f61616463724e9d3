"""Take in what an e-mail service reports: prove who sent it, store it as it is, and answer. `settle` does the rest."""

import hmac
import json
import logging
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import models
from django.http import HttpRequest, RawPostDataException

from campaigns.hearing import sender_addressed, service_of, webhook_address
from campaigns.models import InstantlyAccount, Sender
from campaigns.providers.instantly.accounts import HEADER, account_addressed
from campaigns_project.encryption import Unreadable
from campaigns_project.errors import Refused
from tracking.inbound import library
from tracking.inbound.instantly import INSTANTLY, digest_of_report
from tracking.models import InboundWebhook

AHEAD = timedelta(minutes=5)  # that another machine's clock may be before ours
# A service comes again with what was not taken, for days, under the signature of the first time. What is older was
# recorded by somebody; and for longer than this nobody remembers what came before (`old.KEPT`).
OLDEST = timedelta(days=7)
FRESH = timedelta(minutes=5)  # where each try is signed anew
_KEPT_HEADERS = ("svix-id", "x-amz-sns-message-type", "x-amz-sns-message-id")

logger = logging.getLogger(__name__)


class HookCode(models.TextChoices):
    """Why a report of an e-mail service was not taken."""

    UNKNOWN_ADDRESS = "unknown_address", "Nobody here has this address, or has it any more"
    NO_WEBHOOK_SECRET = "no_webhook_secret", "There is no webhook secret yet, so nothing can be proved"
    NOT_AUTHENTIC = "not_authentic", "The signature or the password is missing or wrong"
    SIGNED_TOO_LONG_AGO = "signed_too_long_ago", "It was signed so long ago that somebody may have recorded it"
    SIGNED_AHEAD = "signed_ahead", "It was signed in the future"
    TOO_LARGE = "too_large", "It is longer than anything a service sends"
    TOO_MANY_REFUSED = "too_many_refused", "Too much was refused lately that came from there"


class NotTaken(Refused):
    """The report was refused; `status` is the answer that its sender gets, `sender` the one it was for, if any."""

    def __init__(
        self,
        code: HookCode,
        status: int,
        hint: str,
        sender: Sender | None = None,
        account: InstantlyAccount | None = None,
    ):
        super().__init__(code.value, f"{code.label}.", hint)
        self.status = status
        self.sender = sender
        self.is_of_somebody = sender is not None or account is not None


def receive(*, token: str, request: HttpRequest, now: datetime) -> InboundWebhook:
    """Store the report in `request` for the sender whose address it came to. The same one twice is one row.

    NotTaken, and nothing stored, for whatever does not prove that the sender's own service sent it.
    """
    sender = sender_addressed(token)
    if sender is None:
        raise NotTaken(HookCode.UNKNOWN_ADDRESS, 404, "Copy the address from the sender's page.")
    service, secret = service_of(sender), sender.webhook_secret
    if not service or not secret or isinstance(secret, Unreadable):
        raise NotTaken(HookCode.NO_WEBHOOK_SECRET, 403, "Store it on the sender's page.", sender)
    body = _body(request, sender)
    try:
        library.check(service, secret, webhook_address(sender), request)
    except library.NotAuthentic as why:
        logger.warning("a webhook was not authentic", extra={"sender": sender.pk, "service": service, "why": str(why)})
        hint = "Compare the webhook secret on the sender's page with the one at the service."
        raise NotTaken(HookCode.NOT_AUTHENTIC, 403, hint, sender) from None
    _require_fresh(service, request, sender, now)
    return _store(sender, service, body, request, now)


def receive_from_instantly(*, token: str, request: HttpRequest, now: datetime) -> InboundWebhook:
    """The same for the workspace whose address it came to, which sends along what it was given: it signs nothing."""
    account = account_addressed(token)
    if account is None:
        raise NotTaken(HookCode.UNKNOWN_ADDRESS, 404, "Have the webhook made anew.")
    secret = account.webhook_secret
    if not secret or isinstance(secret, Unreadable):
        raise NotTaken(HookCode.NO_WEBHOOK_SECRET, 403, "Delete the account and add it anew.", account=account)
    if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), secret.encode()):
        raise NotTaken(HookCode.NOT_AUTHENTIC, 403, f"The header {HEADER} is not what it was given.", account=account)
    body = _body(request, account=account)
    row = InboundWebhook(
        organization_id=account.organization_id,
        instantly_account=account,
        service=INSTANTLY,
        body=body.decode(errors="replace").replace("\x00", "\ufffd"),
        content_type=(request.content_type or "")[:200],
        digest=digest_of_report(body),
        received_at=now,
    )
    InboundWebhook.objects.bulk_create([row], ignore_conflicts=True)
    return row


def _body(request: HttpRequest, sender: Sender | None = None, account: InstantlyAccount | None = None) -> bytes:
    try:
        body = request.body
    except (RequestDataTooBig, RawPostDataException):
        limit = f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0:,} bytes are taken at once."
        raise NotTaken(HookCode.TOO_LARGE, 413, limit, sender, account) from None
    return body


def _require_fresh(service: str, request: HttpRequest, sender: Sender, now: datetime) -> None:
    signed_at = _signed_at(service, request)
    if signed_at is None:
        return
    if signed_at > now + AHEAD:
        raise NotTaken(HookCode.SIGNED_AHEAD, 403, "Set the clock right, there or here.", sender)
    if signed_at < now - (FRESH if service == "resend" else OLDEST):
        raise NotTaken(HookCode.SIGNED_TOO_LONG_AGO, 403, "Have the service send it again.", sender)


def _signed_at(service: str, request: HttpRequest) -> datetime | None:
    """The time that the signature holds; None where the service signs none."""
    match service:
        case "mailgun":
            try:
                told = json.loads(request.body)["signature"]["timestamp"]
            except ValueError:  # the form it used to send
                told = request.POST.get("timestamp", "")
        case "sendgrid":
            told = request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", "")
        case "resend":
            told = request.headers.get("svix-timestamp", "")
        case _:
            return None
    try:
        return datetime.fromtimestamp(int(float(told)), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)  # no time at all is none that has come


def _store(sender: Sender, service: str, body: bytes, request: HttpRequest, now: datetime) -> InboundWebhook:
    row = InboundWebhook(
        organization_id=sender.organization_id,
        sender=sender,
        service=service,
        # Postgres takes no NUL in a text, and a byte that is none of UTF-8 makes no report unreadable by itself.
        body=body.decode(errors="replace").replace("\x00", "\ufffd"),
        content_type=(request.content_type or "")[:200],
        headers={name: request.headers[name][:500] for name in _KEPT_HEADERS if name in request.headers},
        digest=sha256(body).hexdigest(),
        received_at=now,
    )
    InboundWebhook.objects.bulk_create([row], ignore_conflicts=True)
    return row
