"""The line to an IMAP server: every command has a deadline and a most of bytes, and the addresses are judged before.

imaplib as it is waits for each read and not for all of them together, takes whatever length a server names, and asks
DNS itself.
"""

import imaplib
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from campaigns.delivery.tokens import Tokens
from tracking.inbox.faults import MailboxFault, NotRead

CONNECT_SECONDS = 20.0
SESSION_SECONDS = 200.0  # all of it together: a task may take 300
MOST_OF_AN_ANSWER = 24_000_000  # bytes: the mails of one fetch, or the numbers of a few million
MOST_OF_A_LINE = 20_000_000  # bytes: a search answers on one
READ_AT_ONCE = 65_536
SAID = 500  # characters of a server's words that are kept


@dataclass(frozen=True, slots=True)
class ImapServer:
    """One account on one server; `host` is what its certificate must name, `addresses` are those to connect to.

    With `tokens` the login is by one of them, and not by the password.
    """

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)
    addresses: tuple[str, ...]
    tokens: Tokens | None = field(default=None, repr=False)


class BoundedClient(imaplib.IMAP4):
    """imaplib's client, with reads of our own: `read`, `readline`, `send` and `open` are its places for that."""

    def __init__(self, server: ImapServer, context: ssl.SSLContext):
        self._server, self._context = server, context
        self._rest = bytearray()
        self._over = time.monotonic() + SESSION_SECONDS
        self.allow(CONNECT_SECONDS)
        super().__init__(server.host, server.port)

    def allow(self, seconds: float) -> None:
        """What comes next has this long, while the session has, and MOST_OF_AN_ANSWER bytes."""
        self._ends = min(time.monotonic() + seconds, self._over)
        self._left = MOST_OF_AN_ANSWER

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        self.sock = self._connected()
        if self._server.security == "tls":
            try:
                self._encrypt()
            except BaseException:
                self.sock.close()
                raise

    def upgrade(self) -> None:
        """STARTTLS. What came in before it, and was not asked for, must not be taken for a part of what follows."""
        if "STARTTLS" not in self.capabilities:
            raise NotRead(MailboxFault.TLS_UNAVAILABLE)  # going on in the clear is what an attacker wants
        status, said = self._simple_command("STARTTLS")
        if status != "OK":
            raise NotRead(MailboxFault.TLS_UNAVAILABLE, words(said))
        if self._rest:
            raise NotRead(MailboxFault.GARBAGE, "the server spoke out of turn")
        self._encrypt()
        self._get_capabilities()

    def read(self, size: int) -> bytes:
        if size > self._left:
            raise NotRead(MailboxFault.TOO_BIG, f"{size} bytes at once")
        while len(self._rest) < size:
            self._more()
        return self._taken(size)

    def readline(self) -> bytes:
        begun = 0
        while (end := self._rest.find(b"\n", begun)) < 0:
            begun = len(self._rest)
            if begun > MOST_OF_A_LINE:
                raise NotRead(MailboxFault.TOO_BIG, "a line without an end")
            self._more()
        return self._taken(end + 1)

    def send(self, data: Any) -> None:
        self.sock.settimeout(self._seconds())
        self.sock.sendall(data)

    def shutdown(self) -> None:
        self.sock.close()

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._rest[:size])
        del self._rest[:size]
        return taken

    def _more(self) -> None:
        self.sock.settimeout(self._seconds())
        came = self.sock.recv(READ_AT_ONCE)
        if not came:
            raise self.abort("the server closed the connection")
        self._left -= len(came)
        if self._left < 0:
            raise NotRead(MailboxFault.TOO_BIG)
        self._rest += came

    def _seconds(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _encrypt(self) -> None:
        self.sock.settimeout(self._seconds())
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._server.host)

    def _connected(self) -> socket.socket:
        """To the first address that answers; each gets an equal share of the time."""
        refusal: OSError = OSError("no address")
        addresses = self._server.addresses
        for count, address in enumerate(addresses):
            try:
                share = self._seconds() / (len(addresses) - count)
                return socket.create_connection((address, self._server.port), timeout=share)
            except OSError as error:
                refusal = error
        is_late = isinstance(refusal, TimeoutError)
        raise NotRead(MailboxFault.TIMEOUT if is_late else MailboxFault.CONNECT, str(refusal)) from refusal


def words(answered: Any) -> str:
    """What the server said, as one line."""
    parts = [part for part in answered or [] if isinstance(part, bytes)]
    text = b" ".join(parts).decode("utf-8", "replace")
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:SAID]
