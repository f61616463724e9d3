"""The access tokens of what is connected: kept until shortly before they end, and asked for by one worker at a time."""

import time
from datetime import timedelta

from django.utils import timezone

from campaigns.delivery.tokens import NoToken
from campaigns.locks import Lock, let_go, take_for_session
from campaigns.models import LogsIn, Mailbox, OAuthApplication, Sender
from campaigns.oauth.providers import KNOWN, takes_tokens
from campaigns_project.accounts.tenancy import OrganizationQuerySet
from campaigns_project.encryption import UNREADABLE, Unreadable

EARLY = timedelta(minutes=5)  # before its end a token is not used any more: clocks differ, and a login takes its time
SHORT = 5  # of one that lives shorter than an hour only this part of its life is given away
LOOK_EVERY = 0.2  # seconds, while another worker asks the provider
LOCK = {Sender: Lock.SENDER_TOKEN, Mailbox: Lock.MAILBOX_TOKEN}
_DELETED = "the OAuth application it was connected by was deleted"
_NEEDED = (*LogsIn.TOKENS, "host", "oauth_application__provider", "oauth_scopes", "token_good_until", "connected_at",
           "connection_ended_at")  # fmt: skip


class OwnTokens:
    """The tokens of one sender or mailbox: a query each time, and a question to the provider about once an hour."""

    def __init__(self, owner: Sender | Mailbox):
        self._model, self._pk = type(owner), owner.pk

    def token(self, *, seconds: float, instead_of: str = "") -> str:
        """See `campaigns.delivery.tokens.Tokens`."""
        ends, lock, number = time.monotonic() + seconds, LOCK[self._model], self._pk % 2**31
        while not (good := _good(self._owner(), instead_of)):
            if take_for_session(lock, number):
                try:
                    return self._asked(instead_of, ends)
                finally:
                    let_go(lock, number)
            if time.monotonic() >= ends:
                raise NoToken("token_service", "another worker still waits for a new token", permanent=False)
            time.sleep(LOOK_EVERY)
        return good

    def _asked(self, instead_of: str, ends: float) -> str:
        owner = self._owner()  # as whoever had the lock before has left it
        return _good(owner, instead_of) or self._renewed(owner, seconds=max(ends - time.monotonic(), 1.0))

    def _owner(self) -> Sender | Mailbox:
        found = self._model.objects.select_related("oauth_application").only(*_NEEDED)
        owner = found.filter(pk=self._pk).first()
        if owner is None or owner.connected_at is None:
            raise NoToken("connect_again", "it was disconnected", permanent=True)
        if owner.connection_ended_at is not None:
            said = f"what was allowed at the provider has ended on {owner.connection_ended_at:%Y-%m-%d}"
            raise NoToken("connect_again", said, permanent=True)
        if owner.oauth_application is None:
            raise NoToken("connect_again", _DELETED, permanent=True)
        # Asked also here, where they are used: a host may have been saved while it was being connected.
        if not takes_tokens(owner.oauth_application, owner.host):
            said = f"{owner.host} is not a mail server of {owner.oauth_application.get_provider_display()}"
            raise NoToken("connect_again", said, permanent=True)
        return owner

    def _renewed(self, owner: Sender | Mailbox, *, seconds: float) -> str:
        # Loaded here: an HTTP library, which a worker needs once an hour.
        from campaigns.oauth.asking import refreshed  # noqa: PLC0415

        application = OAuthApplication.objects.filter(pk=owner.oauth_application_id or 0).first()
        if application is None:
            raise NoToken("connect_again", _DELETED, permanent=True)
        if isinstance(owner.refresh_token, Unreadable):
            raise NoToken("secret_unreadable", UNREADABLE, permanent=True)
        # Whoever connects it again in between has newer tokens, which are not to be written over.
        same = self._model.objects.filter(pk=owner.pk, connected_at=owner.connected_at)
        try:
            told = refreshed(
                application, refresh_token=owner.refresh_token, scopes=_scopes(owner, application), seconds=seconds
            )
        except NoToken as refused:
            if refused.reason == "connect_again" and not _end(same):
                raise NoToken("token_service", "it was connected again meanwhile", permanent=False) from None
            raise
        newer = {"refresh_token": told.refresh} if told.refresh else {}
        same.update(access_token=told.access, token_good_until=timezone.now() + good_for(told.seconds), **newer)
        return told.access


def good_for(seconds: float) -> timedelta:
    """How long a token that lives for `seconds` is used."""
    life = timedelta(seconds=seconds)
    return life - min(EARLY, life / SHORT)


def _good(owner: Sender | Mailbox, instead_of: str) -> str:
    """The token that is kept, unless it ends soon or is the one that was refused."""
    is_good = owner.token_good_until is not None and owner.token_good_until > timezone.now()
    return owner.access_token if is_good and owner.access_token != instead_of else ""


def _scopes(owner: Sender | Mailbox, application: OAuthApplication) -> str:
    known = KNOWN.get(application.provider)
    return owner.oauth_scopes if known is not None and known.repeats_scopes else ""


def _end(same: OrganizationQuerySet) -> int:
    ended = dict.fromkeys(LogsIn.TOKENS, "")
    return same.update(connection_ended_at=timezone.now(), token_good_until=None, **ended)
