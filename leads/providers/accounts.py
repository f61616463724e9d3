"""What a person does with a key: have it checked, take it away, let people be asked for again."""

import re
from datetime import datetime

from django.db import transaction

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused, StateRefused
from leads.models import ProviderAccount
from leads.providers.purchases import unclear_purchases
from leads.providers.registry import provider_of

KEY = re.compile("[!-~]{1,500}")  # it goes into a header


def check_key(key: str) -> str:
    """The key without blanks around it; Refused where it has characters that no key has."""
    key = key.strip()
    if not KEY.fullmatch(key):
        raise Refused(
            "bad_api_key",
            "An API key has up to 500 letters, digits and signs, and no blanks or line breaks.",
            "Copy it again from the provider's settings.",
            {"field": "api_key"},
        )
    return key


def key_has_changed(account: ProviderAccount) -> None:
    """What was heard of the key before says nothing of the new one."""
    ProviderAccount.objects.filter(pk=account.pk).update(checked_at=None, last_error="")


def check_account(*, account: ProviderAccount, actor: Actor) -> Refused | None:
    """Ask the provider whether the key is good; None where it is, else what it said. Costs no credits.

    Takes as long as the provider does, up to a minute; never inside a transaction. What is heard of the key is kept
    with the account, as with every call.
    """
    refused: Refused | None = None
    try:
        provider_of(account).check()
    except Refused as found:
        refused = found
    with transaction.atomic():
        record(
            action="provideraccount.checked",
            entity=account,
            organization_id=account.organization_id,
            actor=actor,
            after={"outcome": refused.code if refused else "ok"},
        )
    account.refresh_from_db()
    return refused


@transaction.atomic
def remove_account(*, account: ProviderAccount, actor: Actor) -> None:
    """Take the key away. What was bought with it stays, and is used again should there be a key again."""
    record(action="provideraccount.deleted", entity=account, organization_id=account.organization_id, actor=actor)
    account.delete()


@transaction.atomic
def ask_again(*, account: ProviderAccount, actor: Actor, now: datetime) -> int:
    """Let the people whose answer got lost be asked for once more by the next fetch; how many.

    Each may have been paid for already, so only a person can want this. StateRefused where there are none.
    """
    forgotten = unclear_purchases(account, now=now).delete()[0]
    if not forgotten:
        raise StateRefused("nothing_unclear", f"Of nobody asked of {account} the answer got lost.")
    record(
        action="provideraccount.asks_again",
        entity=account,
        organization_id=account.organization_id,
        actor=actor,
        after={"people": forgotten},
    )
    return forgotten
