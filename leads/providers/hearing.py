"""What a provider says of the key itself is kept with the account, whoever was asking."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from leads.models import ProviderAccount
from leads.providers.errors import KeyRefused

NOTED_EVERY = timedelta(minutes=1)  # an answer that changes nothing


class Hearing:
    """Called by a provider with every answer about its key: None where it takes it.

    While `last_error` says something, `checked_at` is when the provider began to say so; else when it last answered.
    """

    def __init__(self, account: ProviderAccount):
        self._account = account

    def __call__(self, refused: KeyRefused | None) -> None:
        now = timezone.now()
        account = ProviderAccount.objects.filter(pk=self._account.pk)
        if refused is None:
            is_news = ~Q(last_error="") | Q(checked_at=None) | Q(checked_at__lt=now - NOTED_EVERY)
            account.filter(is_news).update(last_error="", checked_at=now)
        elif not account.filter(last_error="").update(last_error=refused.message, checked_at=now):
            account.update(last_error=refused.message)
