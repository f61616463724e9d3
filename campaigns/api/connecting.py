"""Connecting with an account at a provider takes a person in a browser; a program can say where."""

from django.conf import settings
from django.urls import reverse

from campaigns.models import Mailbox, Sender, SenderKind

WHERE = (
    "The page on which a manager connects it with an account at Microsoft 365, Google or another provider; empty where "
    "there is nothing to connect."
)


def connect_address(owner: Sender | Mailbox) -> str:
    """The page in the admin that leads to the provider; empty for what is connected, or does not log in at a server."""
    is_by_api = isinstance(owner, Sender) and owner.kind != SenderKind.SMTP
    if is_by_api or owner.is_connected:
        return ""
    page = reverse(f"admin:campaigns_{owner._meta.model_name}_connect", args=[owner.pk])
    return f"{settings.PUBLIC_URL.rstrip('/')}{page}"
