"""The local mailbox: an SMTP server that takes every mail and keeps it in a Maildir. Nothing is ever passed on."""

import asyncio
import itertools
import logging
import os
import signal
import socket
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from campaigns_project.runtime.mailbox.errors import MailboxUnavailable
from campaigns_project.runtime.mailbox.identity import name_of

LARGEST_MAIL = 50 * 1024 * 1024  # bytes
HOST_IN_NAMES = socket.gethostname().replace("/", r"\057").replace(":", r"\072")  # as the Maildir format asks

log = logging.getLogger(__name__)


class Maildir:
    """Takes mails in. A mail appears in `new` all at once, under a name that nobody else makes and that sorts by time.

    Nothing is forced to the disk: a mail of the sandbox may be lost with the machine, and speed counts for more.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._number = itertools.count(1)
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def keep(self, *, mail_from: str, rcpt_to: list[str], data: bytes) -> str:
        """Store one mail with its envelope in front as X-Envelope-From and X-Envelope-To; answers its key."""
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        key = f"{seconds}.M{nanoseconds // 1000:06d}P{os.getpid()}Q{next(self._number):08d}.{HOST_IN_NAMES}"
        envelope = f"X-Envelope-From: {mail_from}\r\nX-Envelope-To: {', '.join(rcpt_to)}\r\n"
        draft = self.folder / "tmp" / key
        draft.write_bytes(envelope.encode("utf-8", "surrogateescape") + data)
        draft.rename(self.folder / "new" / key)
        return key


class Handler:
    """What aiosmtpd asks about each mail."""

    def __init__(self, maildir: Maildir):
        self.maildir = maildir
        self.taken = 0

    async def handle_EHLO(  # noqa: N802 - its name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer PIPELINING too (RFC 2920): aiosmtpd reads commands one by one from a stream, but does not say so."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Keep the mail; a full disk is the sender's cue to try again later."""
        try:
            self.maildir.keep(
                mail_from=envelope.mail_from or "", rcpt_to=envelope.rcpt_tos, data=envelope.original_content or b""
            )
        except OSError as error:
            log.error("a mail could not be kept: %s", error)
            return "452 4.3.1 The mailbox cannot keep the mail now"
        self.taken += 1
        return "250 2.0.0 OK kept in the local mailbox"


async def serve(*, host: str, port: int, folder: Path) -> int:
    """Take mails until SIGTERM or SIGINT; answers how many. Raises MailboxUnavailable where the port is taken."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd notes every command at INFO
    handler = Handler(Maildir(folder))
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        server = await loop.create_server(lambda: _protocol(handler, loop), host=host, port=port)
    except OSError as error:
        raise MailboxUnavailable(
            "mailbox_port_taken",
            f"The local mailbox cannot listen on {host}:{port}: {error.strerror or error}.",
            "Stop what uses the port, or set MAILBOX_PORT to another one.",
        ) from error
    log.info("the local mailbox listens on %s:%d and keeps mails in %s", host, port, folder)
    async with server:
        await stop.wait()
    return handler.taken


def _protocol(handler: Handler, loop: asyncio.AbstractEventLoop) -> SMTP:
    return SMTP(
        handler,
        loop=loop,
        enable_SMTPUTF8=True,
        data_size_limit=LARGEST_MAIL,
        hostname="localhost",  # else it asks the name service about us for every connection
        ident=name_of(handler.maildir.folder),
    )
