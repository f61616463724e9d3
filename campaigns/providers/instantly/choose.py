"""Who delivers a campaign: its own senders, or Instantly. Chosen while it is a draft."""

import secrets
from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Now

from campaigns.content.mailbox import wire_address
from campaigns.models import Campaign, CampaignStatus, DeliveredBy, Handover
from campaigns.models.verbs import verbs_from
from campaigns.providers.instantly.accounts import account_of
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused, StateRefused, state_of

MOST_MAILBOXES = 500


@transaction.atomic
def choose_delivery(*, campaign: Campaign, by: DeliveredBy, mailboxes: Sequence[str] = (), actor: Actor) -> Campaign:
    """Have `campaign` delivered by its senders or by Instantly, there from these `mailboxes`.

    Refused once it is no draft any more: mail may have left by then, and nobody could tell who sends the rest.
    """
    rows = Campaign.objects.living().select_related("organization")
    current = rows.select_for_update(no_key=True, of=("self",)).filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if current.status != CampaignStatus.DRAFT or current.auto_discovered:
        raise StateRefused(
            "delivery_is_settled",
            "It was made at Instantly." if current.auto_discovered else "Who delivers it was settled with the start.",
            "Duplicate the campaign to choose anew.",
            state_of(current.status, *verbs_from(current.status)),
        )
    addresses = _checked(mailboxes)
    before = current.delivered_by
    if by == DeliveredBy.INSTANTLY:
        _hand_over(current, addresses)
    else:
        Handover.objects.filter(campaign=current).delete()
    Campaign.objects.filter(pk=current.pk).update(delivered_by=by, updated_at=Now())
    record(
        action="campaign.delivery_chosen",
        entity=current,
        organization_id=current.organization_id,
        actor=actor,
        before={"delivered_by": before},
        after={"delivered_by": by, "mailboxes": len(addresses)},
    )
    current.refresh_from_db()
    return current


def is_settled_elsewhere(campaign: Campaign) -> bool:
    """Whether Instantly was given the campaign's settings: what is changed here from then on would not reach it."""
    is_there = campaign.delivered_by == DeliveredBy.INSTANTLY and campaign.started_at is not None
    return is_there or campaign.auto_discovered


def new_mark() -> str:
    """A word that stands in no other campaign's name at Instantly."""
    return f"fairlead-{secrets.token_hex(8)}"


def _hand_over(campaign: Campaign, mailboxes: list[str]) -> None:
    account = account_of(campaign.organization)
    if account is None:
        message = f"{campaign.organization} has no key for Instantly."
        raise StateRefused("provider_not_configured", message, "A manager adds it under Instantly accounts.")
    Handover.objects.update_or_create(
        campaign=campaign,
        defaults={"account": account, "mailboxes": mailboxes},
        create_defaults={"account": account, "mailboxes": mailboxes, "mark": new_mark()},
    )


def _checked(mailboxes: Sequence[str]) -> list[str]:
    addresses = list(dict.fromkeys(each.strip().lower() for each in mailboxes if each.strip()))
    if len(addresses) > MOST_MAILBOXES:
        message = f"{len(addresses):,} mailboxes are more than {MOST_MAILBOXES}."
        raise Refused("too_many_mailboxes", message, "Name fewer.", {"field": "mailboxes"})
    for each in addresses:
        try:
            wire_address(each)
        except Refused as refused:
            message = f"“{each[:80]}” is no address of a mailbox."
            raise Refused("invalid_address", message, refused.hint, {"field": "mailboxes"}) from None
    return addresses
