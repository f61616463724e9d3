"""What an owner does with an OAuth application: set it up, remove it."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.db import transaction

from campaigns.models import OAuthApplication, OAuthProvider
from campaigns.oauth.providers import token_url
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.encryption import refuse_elsewhere
from campaigns_project.errors import Refused, StateRefused

NAMED = 5  # senders and mailboxes that a refusal lists
ADDRESSES = ("authorize_url", "token_url")
OF_CUSTOM = (*ADDRESSES, "scopes")
# What is connected was allowed by one application of one provider, and its tokens are asked for nowhere else.
FIXED = ("provider", "client_id", "tenant", *ADDRESSES)
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,98}")
_SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")  # RFC 6749 3.3


def fitting(given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` without what the provider it names has no use for."""
    unused = OF_CUSTOM if given["provider"] != OAuthProvider.CUSTOM else ()
    if given["provider"] != OAuthProvider.MICROSOFT:
        unused = (*unused, "tenant")
    return {**given, **{name: "" for name in unused if name in given}}


def check_application(application: OAuthApplication) -> None:
    """Refused, naming the field, for what no provider could be asked with. Nothing is looked up or asked."""
    if application.tenant and not _TENANT.fullmatch(application.tenant):
        raise _bad("tenant", "This is no tenant.", "Copy the directory (tenant) ID, or the domain of the organization.")
    if application.provider != OAuthProvider.CUSTOM:
        return
    for name in ADDRESSES:
        _check_address(name, getattr(application, name))
    if application.scopes and not _SCOPES.fullmatch(application.scopes):
        raise _bad("scopes", "Scopes are words with one space between them.", "Write them as the provider names them.")


def check_change(before: OAuthApplication, after: OAuthApplication, *, keeps_secret: bool) -> None:
    """Refused where the stored secret, or what is connected, would go to another place than it was given for."""
    changed = [name for name in FIXED if getattr(before, name) != getattr(after, name)]
    if changed and (users := _users(before)):
        raise StateRefused(
            "application_in_use",
            f"{_listed(users)} connected by it as it is.",
            "Disconnect them first, or make another application. Name and secret can be changed at any time.",
            {"field": changed[0]},
        )
    if keeps_secret:
        hosts = [urlsplit(token_url(each)).netloc for each in (before, after)]
        refuse_elsewhere(before.client_secret, field="client_secret", before=hosts[0], after=hosts[1])


@transaction.atomic
def remove_application(*, application: OAuthApplication, actor: Actor) -> None:
    """Delete it. Refused while a sender or a mailbox is connected by it."""
    OAuthApplication.objects.select_for_update().get(pk=application.pk)
    if users := _users(application):
        raise StateRefused(
            "application_in_use",
            f"{_listed(users)} connected by it.",
            "Disconnect them first, or connect them by another application.",
        )
    record(
        action="oauthapplication.deleted",
        entity=application,
        organization_id=application.organization_id,
        actor=actor,
    )
    application.delete()


def _users(application: OAuthApplication) -> list[str]:
    """What is connected by it, as people know it."""
    senders = application.sender_set.order_by("pk").values_list("email", flat=True)
    return [*senders, *application.mailbox_set.order_by("pk").values_list("name", flat=True)]


def _listed(users: list[str]) -> str:
    named = ", ".join(users[:NAMED]) + (" and others" if len(users) > NAMED else "")
    return f"{named} {'is' if len(users) == 1 else 'are'}"


def _check_address(field: str, address: str) -> None:
    hint = "Copy it from the documentation of the provider, https://…; it may have a path, and no user name."
    parts = _parts(address)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise _bad(field, "This is no address of a web page.", hint)
    if "@" in parts.netloc or not address.isascii() or not address.isprintable() or " " in address:
        raise _bad(field, "This address has something in it that none of a provider has.", hint)
    if parts.scheme == "http" and parts.hostname not in settings.OUTBOUND_ALLOW_HOSTS:
        hint = "Write it with https; a host inside one's own network has to stand in OUTBOUND_ALLOW_HOSTS."
        raise _bad(field, "This address is not https, so secrets would go over the line in the clear.", hint)


def _parts(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port  # what is no number is found only here
    except ValueError:
        return None
    return parts


def _bad(field: str, message: str, hint: str) -> Refused:
    return Refused("application_settings", message, hint, {"field": field})
