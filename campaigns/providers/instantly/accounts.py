"""What a person does with the key for Instantly, and how the key is used."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from campaigns import tokens
from campaigns.models import Campaign, CampaignStatus, Handover, InstantlyAccount, InstantlyAccountStatus, Told
from campaigns.providers.instantly.client import InstantlyClient
from campaigns.tokens import Purpose
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.encryption import readable
from campaigns_project.errors import Refused, StateRefused, state_of
from leads.providers.errors import KeyRefused, ProviderRefused

PATH = "/hooks/instantly/"
HEADER = "X-Fairlead-Secret"  # of its webhooks: Instantly signs nothing, and sends along what it was given
NOTED_EVERY = timedelta(minutes=1)  # an answer that changes nothing


def is_sandboxed() -> bool:
    """Whether nothing may be handed over: the sandbox is on, and Instantly is not a stand-in of one's own."""
    return settings.SANDBOX and urlsplit(settings.INSTANTLY_API_URL).hostname not in settings.OUTBOUND_ALLOW_HOSTS


def new_secret() -> str:
    """What a workspace is to send along with its reports."""
    return secrets.token_urlsafe(32)


def client_of(account: InstantlyAccount, **more: Any) -> InstantlyClient:
    """Calls with the account's key; KeyRefused where it cannot be decrypted."""
    try:
        key = readable(account.api_key)
    except Refused as refused:
        raise KeyRefused(refused.code, refused.message) from None
    return InstantlyClient(api_key=key, url=settings.INSTANTLY_API_URL, heard=_hearing(account.pk), **more)


def account_of(organization: Organization) -> InstantlyAccount | None:
    """The organization's account, if it has one."""
    return InstantlyAccount.objects.for_organization(organization).first()


def webhook_address(account: InstantlyAccount) -> str:
    """Where the workspace reports to."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{PATH}{tokens.sign(Purpose.INSTANTLY, account.pk)}"


def account_addressed(token: str) -> InstantlyAccount | None:
    """The account whose webhook address ends in `token`; None for any other text."""
    meant = tokens.read(Purpose.INSTANTLY, token)
    return InstantlyAccount.objects.defer("api_key").filter(pk=meant.message_id).first() if meant else None


def key_has_changed(account: InstantlyAccount) -> None:
    """What was heard of the key before says nothing of the new one; whose it is has to be asked before it is used."""
    InstantlyAccount.objects.filter(pk=account.pk).update(checked_at=None, last_error="")
    Handover.objects.filter(account=account).update(retry_at=None)


def check_account(*, account: InstantlyAccount, actor: Actor) -> Refused | None:
    """Ask Instantly whether the key is good, and of which workspace; None where it is, else why not.

    Takes as long as Instantly does; never inside a transaction.
    """
    refused: Refused | None = None
    try:
        know_workspace(account)
    except Refused as found:
        refused = found
    with transaction.atomic():
        _record("checked", account, actor, after={"outcome": refused.code if refused else "ok"})
    account.refresh_from_db()
    return refused


def know_workspace(account: InstantlyAccount) -> InstantlyClient:
    """The client, once it is known that the key is of the workspace in which our campaigns are.

    KeyRefused (`another_workspace`) where it is of another: the numbers kept here mean nothing there.
    """
    client = client_of(account)
    found = client.get("workspaces/current", tries=1)
    found = found if isinstance(found, dict) else {}
    number, name = str(found.get("id") or "")[:64], str(found.get("name") or "")[:200]
    there = Handover.objects.filter(account=account).exclude(campaign__instantly_campaign_id="")
    if account.workspace and number != account.workspace and there.exists():
        refusal = KeyRefused(
            "another_workspace",
            f"The key is of the workspace {name or number!r}, and {there.count():,} of our campaigns are in another.",
            "Enter a key of that workspace; for another one delete the account and add it anew.",
        )
        _hearing(account.pk)(refusal)
        raise refusal
    InstantlyAccount.objects.filter(pk=account.pk).update(workspace=number, workspace_name=name, checked_at=Now())
    account.refresh_from_db()
    return client


@transaction.atomic
def pause_account(*, account: InstantlyAccount, actor: Actor) -> InstantlyAccount:
    """Hold everything that Instantly delivers for the organization: each campaign is paused there."""
    return _move(account, InstantlyAccountStatus.ACTIVE, InstantlyAccountStatus.PAUSED, "paused", actor)


@transaction.atomic
def resume_account(*, account: InstantlyAccount, actor: Actor) -> InstantlyAccount:
    """Let it go on."""
    return _move(account, InstantlyAccountStatus.PAUSED, InstantlyAccountStatus.ACTIVE, "resumed", actor)


@transaction.atomic
def remove_account(*, account: InstantlyAccount, actor: Actor) -> None:
    """Take the key away. StateRefused while a campaign is delivered with it: nobody could stop it any more.

    One that Instantly refuses can stop nothing as it is: it may go once no campaign runs here.
    """
    current = InstantlyAccount.objects.select_for_update().filter(pk=account.pk).first()
    if current is None:
        return
    of_it = Campaign.objects.filter(handover__account=account, auto_discovered=False)
    resting = of_it.filter(Q(status=CampaignStatus.PAUSED) | Q(handover__told__in=Told.sending))
    resting = resting.exclude(status=CampaignStatus.COMPLETED)
    going = of_it.filter(status__in=[CampaignStatus.RUNNING, CampaignStatus.SCHEDULED])
    going = going if current.last_error else going | resting
    if numbers := list(going.order_by("pk").values_list("pk", flat=True)[:5]):
        named = ", ".join(map(str, numbers))
        raise StateRefused(
            "account_in_use",
            f"Instantly delivers campaign {named}.",
            "Stop them first, and wait until their pages say that Instantly has paused them.",
            {"campaigns": numbers},
        )
    _record("deleted", account, actor)
    account.delete()


def _move(account: InstantlyAccount, before: str, after: str, act: str, actor: Actor) -> InstantlyAccount:
    if not InstantlyAccount.objects.filter(pk=account.pk, status=before).update(status=after, updated_at=Now()):
        other = "resume" if after == InstantlyAccountStatus.PAUSED else "pause"
        message = f"The account is {after} already."
        raise StateRefused("state_conflict", message, details=state_of(after, other))
    _record(act, account, actor, before={"status": before}, after={"status": after})
    account.refresh_from_db()
    return account


def _record(act: str, account: InstantlyAccount, actor: Actor, **more: Any) -> None:
    record(
        action=f"instantlyaccount.{act}",
        entity=account,
        organization_id=account.organization_id,
        actor=actor,
        **more,
    )


def _hearing(account_id: int) -> Callable[[KeyRefused | None], None]:
    """What Instantly says of the key is kept with the account, whoever was asking."""

    def heard(refused: KeyRefused | None) -> None:
        now = timezone.now()
        account = InstantlyAccount.objects.filter(pk=account_id)
        if refused is None:
            is_news = ~Q(last_error="") | Q(checked_at__lt=now - NOTED_EVERY)
            account.filter(is_news).update(last_error="", checked_at=now)
        else:
            account.exclude(last_error=refused.message).update(last_error=refused.message)

    return heard


def usable_account(handover: Handover) -> InstantlyAccount:
    """The account a campaign is delivered with; ProviderRefused where there is none, KeyRefused for another's key."""
    account = handover.account
    if account is None:
        message = "The key for Instantly that this campaign was handed over with is gone."
        raise ProviderRefused("provider_not_configured", message, "Stop the campaign here, and there.")
    return account
