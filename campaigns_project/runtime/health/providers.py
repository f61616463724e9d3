"""Keys for lead providers: whether each is taken, by the last answer there was."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.formats import date_format

from campaigns_project.runtime.health.check import Check, Level, counted
from leads.models import ProviderAccount


def examine_providers() -> Iterator[Check]:
    """One line for each key that was refused, else one for all. Asks nobody outside: it tells the last answers."""
    accounts = list(
        ProviderAccount.objects.select_related("organization").defer("api_key").order_by("organization_id", "provider")
    )
    if not accounts:
        yield Check("providers", Level.NOTE, "There is no key for a lead provider.")
        return
    refused = [account for account in accounts if account.last_error]
    for account in refused:
        since = date_format(timezone.localtime(account.checked_at), "Y-m-d H:i") if account.checked_at else "always"
        yield Check(
            "providers",
            Level.WARN,
            f"{account} key of {account.organization} refused since {since}: {account.last_error}",
            "Enter a new one in the admin under Provider accounts, and test it.",
            shareable=f"A key for {account} is refused since {since}.",
        )
    if not refused:
        message = f"No trouble with {counted(len(accounts), 'key')} for lead providers, by the last answers."
        yield Check("providers", Level.OK, message, shareable=message)
