"""Keys for lead providers: whether each is taken, by the last answer there was."""

from collections.abc import Iterator

from django.utils import timezone

from campaigns_project.runtime.health.check import Check, Level, counted, in_words
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
        since = in_words(timezone.now() - account.checked_at) if account.checked_at else ""
        yield Check(
            "providers",
            Level.WARN,
            f"{account} key of {account.organization} refused{f' {since} ago' if since else ''}: {account.last_error}",
            "Enter a new one in the admin under Provider accounts, and test it.",
            shareable=f"A key for {account} was refused{f' {since} ago' if since else ''}.",
        )
    if not refused:
        message = f"No trouble with {counted(len(accounts), 'key')} for lead providers, by the last answers."
        yield Check("providers", Level.OK, message, shareable=message)
