"""Where an e-mail service reports what became of a sender's mails: an address of its own, which can be renewed.

What comes in there is read by `tracking.inbound`.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from campaigns import tokens
from campaigns.delivery.hooks import HOOKS, address_with, label_of
from campaigns.models import Message, Sender, SenderKind
from campaigns.tokens import Purpose
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused

PATH = "/hooks/esp/"
UNHEARD_AFTER = 20  # mails after which a service that reports must have reported something,
UNHEARD_FOR = timedelta(hours=1)  # once they have had the time to arrive


def service_of(sender: Sender) -> str:
    """The service that reports for `sender`; empty where none does."""
    service = sender.webhook_service or (sender.esp if sender.kind == SenderKind.ESP else "")
    return service if service in HOOKS else ""


def webhook_address(sender: Sender) -> str:
    """Where its service reports to; empty where it has none, or is not saved yet."""
    if not sender.pk or not service_of(sender):
        return ""
    return f"{settings.PUBLIC_URL.rstrip('/')}{PATH}{tokens.sign(Purpose.WEBHOOK, sender.pk, sender.webhook_turn)}"


def how_to_set_up(sender: Sender) -> str:
    """A few sentences on what to enter where, for the person who does it; empty where nothing is to be done."""
    service = service_of(sender)
    if not service:
        return ""
    hook = HOOKS[service]
    if hook.signs:
        way = f"Enter the address there, and here {hook.secret} as the webhook secret."
    else:
        example = address_with("PASSWORD", webhook_address(sender))
        way = f"Enter {hook.secret}, here as the webhook secret, and there in the address: {example}"
    closed = "" if sender.webhook_secret else "Until a secret is stored here, every report is refused. "
    return f"{label_of(service)}: {hook.setup} {closed}{way}"


def sender_addressed(token: str) -> Sender | None:
    """The sender whose webhook address ends in `token`; None for any other text, and for one from before a renewal."""
    meant = tokens.read(Purpose.WEBHOOK, token)
    if meant is None:
        return None
    rows = Sender.objects.select_related("organization").defer("password", "esp_settings")
    return rows.filter(pk=meant.message_id, webhook_turn=meant.second_id).first()


@transaction.atomic
def renew_webhook_address(*, sender: Sender, actor: Actor) -> Sender:
    """Give it another address, at once; what is sent to the one before is refused. Refused where no service reports."""
    if not service_of(sender):
        raise Refused(
            "no_webhook_service",
            f"No e-mail service reports for {sender.email}.",
            "Choose the service that its mails go out through.",
            {"field": "webhook_service"},
        )
    Sender.objects.filter(pk=sender.pk).update(webhook_turn=F("webhook_turn") + 1, updated_at=Now())
    record(action="sender.webhook_renewed", entity=sender, organization_id=sender.organization_id, actor=actor)
    sender.refresh_from_db()
    return sender


def is_never_heard(sender: Sender, *, now: datetime) -> bool:
    """Whether its service should have reported by now, and never has."""
    if sender.heard_at is not None or not service_of(sender):
        return False
    sent = Message.objects.filter(sender=sender, sent_at__lt=now - UNHEARD_FOR)
    return sent[:UNHEARD_AFTER].count() >= UNHEARD_AFTER
