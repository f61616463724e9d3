"""The open connections of one worker, one per sender; with SANDBOX on they all lead to the local mailbox."""

from types import TracebackType
from typing import Protocol, Self

from django.conf import settings

from campaigns.content.mailbox import wire_domain
from campaigns.delivery.base import Backend
from campaigns.delivery.server import Security, SmtpServer
from campaigns.delivery.smtp import SmtpConnection
from campaigns.models import Sender

CONNECT_SECONDS = 20.0
# Long, since giving up after the final dot makes a mail uncertain; shorter than the lease of a mail being sent.
TRANSACTION_SECONDS = 120.0


class Routes(Protocol):
    """Knows the way out of a sender."""

    def to(self, sender: Sender) -> Backend: ...


class Connections:
    """Opens on first use, keeps open, closes at the end."""

    def __init__(self) -> None:
        self._open: dict[int, SmtpConnection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def to(self, sender: Sender) -> Backend:
        """The connection mails of `sender` go over."""
        if sender.pk not in self._open:
            self._open[sender.pk] = SmtpConnection(
                server_of(sender), connect_seconds=CONNECT_SECONDS, transaction_seconds=TRANSACTION_SECONDS
            )
        return self._open[sender.pk]


def server_of(sender: Sender) -> SmtpServer:
    """Where mails of `sender` go: its own server, or with SANDBOX on the local mailbox and nowhere else."""
    name = wire_domain(sender.email)
    if settings.SANDBOX:
        host, port = settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT
        return SmtpServer(host=host, port=port, security=Security.NONE, ehlo_name=name)
    return SmtpServer(
        host=sender.host,
        port=sender.port,
        security=Security(sender.security),
        username=sender.username,
        password=sender.password,
        ehlo_name=name,
    )
