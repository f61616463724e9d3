"""The open connections of one worker, one per sender, by the sender's kind; with SANDBOX on all lead to the mailbox."""

import time
from collections.abc import Iterable
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from django.conf import settings

from campaigns.content.mailbox import wire_domain
from campaigns.delivery.base import Backend, Envelope, Gate, GateAt
from campaigns.delivery.outcomes import Outcome, Outcomes, SenderFault
from campaigns.delivery.server import Security, SmtpServer
from campaigns.delivery.services import read_settings
from campaigns.delivery.smtp import SmtpConnection
from campaigns.models import Sender, SenderKind
from campaigns.oauth.connecting import account_of
from campaigns.oauth.tokens import OwnTokens
from campaigns_project.encryption import readable
from campaigns_project.errors import Refused
from campaigns_project.outbound import addresses_of

CONNECT_SECONDS = 20.0
# Long, since giving up after the final dot makes a mail uncertain; shorter than the lease of a mail being sent.
TRANSACTION_SECONDS = 120.0
ONE_AT_A_TIME = 600.0  # seconds in which a server that gets on badly with pipelining is not tried with it again
PASSING = frozenset({"host_unknown"})  # refusals that may mend by themselves


_one_at_a_time_until: dict[int, float] = {}  # by sender, monotonic


class Routes(Protocol):
    """Knows the way out of a sender."""

    def to(self, sender: Sender) -> Backend: ...


class Connections:
    """Opens on first use, keeps open, closes at the end."""

    def __init__(
        self, *, connect_seconds: float = CONNECT_SECONDS, transaction_seconds: float = TRANSACTION_SECONDS
    ) -> None:
        self._seconds = (connect_seconds, transaction_seconds)
        self._open: dict[int, tuple[object, Backend]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for _, connection in self._open.values():
            connection.close()
        self._open.clear()

    def to(self, sender: Sender) -> Backend:
        """The connection mails of `sender` go over: a new one where it was edited or resumed meanwhile."""
        state = (sender.updated_at, settings.SANDBOX)
        opened_at, connection = self._open.get(sender.pk, (None, None))
        if connection is None or opened_at != state:
            if connection is not None:
                connection.close()
            connection = backend_of(sender, *self._seconds)
            self._open[sender.pk] = state, connection
        return connection


class NoWayOut:
    """The backend of a sender that cannot be used as it is set up: every mail gets the same answer, and none leaves."""

    def __init__(self, fault: SenderFault):
        self.fault = fault

    def deliver(self, envelope: Envelope, *, before_data: Gate | None = None) -> Outcome:
        """The fault."""
        return self.fault

    def deliver_many(self, envelopes: Iterable[Envelope], *, before_data: GateAt | None = None) -> Outcomes:
        """The fault, for each of them."""
        for _ in envelopes:
            yield self.fault

    def close(self) -> None:
        """Nothing is open."""


def backend_of(
    sender: Sender, connect_seconds: float = CONNECT_SECONDS, transaction_seconds: float = TRANSACTION_SECONDS
) -> Backend:
    """A new way out for `sender`, not connected yet. Its host is looked up here, and no second time."""
    try:
        if is_by_service(sender):
            return _service(sender)
        server = server_of(sender)
    except Refused as refused:
        return NoWayOut(fault_of(refused))
    return SmtpConnection(
        server,
        connect_seconds=connect_seconds,
        transaction_seconds=transaction_seconds,
        pipelined=time.monotonic() >= _one_at_a_time_until.get(sender.pk, 0.0),
        not_pipelined=partial(_one_at_a_time, sender.pk),
    )


def _one_at_a_time(sender_id: int) -> None:
    """For the next connections of this process too: found out anew in each turn it would cost one mail's time each."""
    _one_at_a_time_until[sender_id] = time.monotonic() + ONE_AT_A_TIME


def is_by_service(sender: Sender) -> bool:
    """Whether its mails go to an e-mail service's API."""
    return sender.kind == SenderKind.ESP and not settings.SANDBOX


def is_by_mailbox(sender: Sender) -> bool:
    """Whether its mails go to the local mailbox and nowhere else."""
    return bool(settings.SANDBOX) or sender.kind == SenderKind.SANDBOX


def server_of(sender: Sender) -> SmtpServer:
    """Where mails of `sender` go: its own server, or with SANDBOX on the local mailbox and nowhere else.

    HostUnknown and AddressNotAllowed where its host cannot or must not be connected to, Refused where its password
    cannot be read. One that is connected gets its tokens only when it logs in.
    """
    name = wire_domain(sender.email)
    if is_by_mailbox(sender):
        host, port = settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT
        return SmtpServer(host=host, port=port, security=Security.NONE, ehlo_name=name)
    address, *more = addresses_of(sender.host, port=sender.port)
    by_token = sender.connected_at is not None
    return SmtpServer(
        host=sender.host,
        port=sender.port,
        security=Security(sender.security),
        username=account_of(sender) if by_token else sender.username,
        password="" if by_token else readable(sender.password),
        tokens=OwnTokens(sender) if by_token else None,
        address=address,
        more_addresses=tuple(more),
        ehlo_name=name,
    )


def fault_of(refused: Refused) -> SenderFault:
    """The fault of the sender that a refused host or unusable settings are."""
    return SenderFault(refused.code, reply=refused.message, permanent=refused.code not in PASSING)


def _service(sender: Sender) -> Backend:
    # Loaded here: it takes a quarter of a second that workers without such a sender need not spend.
    from campaigns.delivery.esp import EspConnection  # noqa: PLC0415

    keys = read_settings(sender.esp, readable(sender.esp_settings))
    return EspConnection(sender.esp, keys, resolve=lambda host, port: addresses_of(host, port=port))
