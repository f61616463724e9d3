"""The open connections of one worker, one per sender; with SANDBOX on they all lead to the local mailbox."""

from types import TracebackType
from typing import Self

from django.conf import settings

from campaigns.delivery.base import Backend
from campaigns.delivery.smtp import Security, SmtpConnection, SmtpEndpoint
from campaigns.models import Sender


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
            self._open[sender.pk] = SmtpConnection(endpoint_of(sender))
        return self._open[sender.pk]


def endpoint_of(sender: Sender) -> SmtpEndpoint:
    """Where mails of `sender` go: its own server, or with SANDBOX on the local mailbox and nowhere else."""
    if settings.SANDBOX:
        return SmtpEndpoint(host=settings.SANDBOX_SMTP_HOST, port=settings.SANDBOX_SMTP_PORT, security=Security.NONE)
    return SmtpEndpoint(
        host=sender.host,
        port=sender.port,
        security=Security(sender.security),
        username=sender.username,
        password=sender.password,
    )
