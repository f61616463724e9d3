"""Campaigns that were made at Instantly: found, listed, and taken over to be looked at. They are never controlled."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.models import Campaign, DeliveredBy, Handover, InstantlyAccount
from campaigns.naming import free_campaign_id
from campaigns.providers.instantly.accounts import account_of, know_workspace
from campaigns.providers.instantly.choose import new_mark
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, StateRefused

# As Instantly numbers them.
STATES = {
    -99: "suspended", -2: "bounce protection", -1: "accounts unhealthy", 0: "draft", 1: "active", 2: "paused",
    3: "completed", 4: "running subsequences",
}  # fmt: skip


@dataclass(frozen=True)
class Discovered:
    """A campaign at Instantly; `campaign` is the number of ours that it is, None where we have none."""

    id: str
    name: str
    status: str
    campaign: int | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def discover(organization: Organization) -> list[Discovered]:
    """All campaigns of the organization's workspace, as Instantly lists them. Asks Instantly, and writes nothing."""
    client = know_workspace(_account(organization))
    listed = [each for each in client.listed("campaigns") if each.get("id")]
    ours = dict(_ours(organization).values_list("instantly_campaign_id", "pk"))
    return [
        Discovered(
            id=str(each["id"])[:64],
            name=str(each.get("name") or "Without a name")[:200],
            status=STATES.get(each.get("status") or 0, "unknown"),
            campaign=ours.get(str(each["id"])[:64]),
        )
        for each in listed
    ]


def take_over(
    *, organization: Organization, numbers: Collection[str] | None, actor: Actor, now: datetime
) -> list[Campaign]:
    """Campaigns of ours for these of Instantly's, or for all that we have none for, so that their figures are kept.

    Nothing changes at Instantly, now or later. NotFound for a number that the workspace does not have; one that we
    have already is left out.
    """
    found = {each.id: each for each in discover(organization)}
    wanted = list(found) if numbers is None else list(dict.fromkeys(numbers))
    if unknown := [number for number in wanted if number not in found]:
        message = f"The Instantly workspace has no campaign {unknown[0][:64]}."
        raise NotFound("campaign_not_found", message, "List what there is first.")
    with transaction.atomic():
        account = InstantlyAccount.objects.select_for_update().get(pk=_account(organization).pk)
        known = set(_ours(organization).values_list("instantly_campaign_id", flat=True))
        return [_made(account, found[number], actor) for number in wanted if number not in known]


def _account(organization: Organization) -> InstantlyAccount:
    account = account_of(organization)
    if account is None:
        message = f"{organization} has no key for Instantly."
        raise StateRefused("provider_not_configured", message, "A manager adds it under Instantly accounts.")
    return account


def _ours(organization: Organization) -> Any:
    return Campaign.objects.living().for_organization(organization).exclude(instantly_campaign_id="")


def _made(account: InstantlyAccount, found: Discovered, actor: Actor) -> Campaign:
    campaign = Campaign.objects.create(
        organization_id=account.organization_id,
        campaign_id=free_campaign_id(found.name),
        name=found.name,
        auto_discovered=True,
        delivered_by=DeliveredBy.INSTANTLY,
        instantly_campaign_id=found.id,
        created_by_id=actor.id,
    )
    Handover.objects.create(campaign=campaign, account=account, mark=new_mark())
    record(
        action="campaign.discovered",
        entity=campaign,
        organization_id=account.organization_id,
        actor=actor,
        after={"name": found.name, "instantly_campaign_id": found.id},
    )
    return campaign
