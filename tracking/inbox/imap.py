"""An IMAP session that changes nothing: folders are opened to read alone, and no mail is marked as seen.

Not imaplib as it is: it waits for each read and not for all of them together, takes whatever length a server names,
and asks DNS itself. Here every command has a deadline and a most of bytes, and the addresses are judged before.
"""

import base64
import imaplib
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from imap_tools.mailbox import BaseMailBox

from campaigns.delivery.hiding import without
from campaigns.delivery.server import tls_context
from campaigns.delivery.tokens import NoToken, Tokens, xoauth2
from tracking.inbox.faults import MailboxFault, NotRead

CONNECT_SECONDS = 20.0
COMMAND_SECONDS = 60.0
SESSION_SECONDS = 200.0  # all of it together: a task may take 300
GOODBYE_SECONDS = 2.0
MOST_OF_A_MAIL = 1_000_000  # bytes that are read of each
MOST_OF_AN_ANSWER = 24_000_000  # bytes: the mails of one fetch, or the numbers of a few million
MOST_OF_A_LINE = 20_000_000  # bytes: a search answers on one
READ_AT_ONCE = 65_536
SAID = 500  # characters of a server's words that are kept
# RFC 5530: these say that the login itself is wrong, not that the server is in trouble.
FINAL_CODES = ("AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED")
PASSING_CODES = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA")
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_RECEIVED = re.compile(rb'INTERNALDATE "([^"]{20,30})"')


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


class OpenFolder(NamedTuple):
    """A folder as it is now. Numbers of mails hold while `validity` stays; `next_uid` is 0 where it is not told."""

    validity: int
    next_uid: int
    mails: int


class Fetched(NamedTuple):
    """A mail, cut after MOST_OF_A_MAIL; `received_at` is when the server took it."""

    uid: int
    received_at: datetime | None
    raw: bytes


class ImapSession:
    """Logged in; to be closed.

    A token that the server refuses is replaced by a new one once: it may have been taken back before its time.
    """

    def __init__(self, server: ImapServer, *, context: ssl.SSLContext | None = None):
        self._server, self._secret = server, server.password
        if server.tokens is None:
            self._begin(context)
            return
        self._secret = _token(server.tokens)
        try:
            self._begin(context)
        except NotRead as refused:
            if refused.fault != MailboxFault.TOKEN_REFUSED:
                raise
            self._secret = _token(server.tokens, instead_of=self._secret)
            self._begin(context)

    def _begin(self, context: ssl.SSLContext | None) -> None:
        with self._told():
            self._client = _Client(self._server, context or tls_context())
            self._box = _Box(self._client)
        try:
            with self._told():
                self._log_in()
        except BaseException:
            self._client.shutdown()
            raise

    def __enter__(self) -> "ImapSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def folders(self) -> list[str]:
        """The names of all folders that mails can be in."""
        with self._told():
            self._client.allow(COMMAND_SECONDS)
            return [each.name for each in self._box.folder.list() if "\\Noselect" not in each.flags]

    def open(self, folder: str) -> OpenFolder:
        """Open a folder to read."""
        with self._told():
            self._client.allow(COMMAND_SECONDS)
            try:
                _, count = self._box.folder.set(folder, readonly=True)
            except MailboxFolderSelectError as error:
                said = f"{folder}: {_words(error.command_result[1])}"
                raise NotRead(MailboxFault.FOLDER_MISSING, said) from error
            return OpenFolder(self._number("UIDVALIDITY"), self._number("UIDNEXT"), int(count[0] or 0))

    def uids_after(self, uid: int) -> list[int]:
        """The mails behind that one, oldest first."""
        # The star is the last mail, also where that is before what was asked for (RFC 3501 6.4.8).
        return [found for found in self._search(f"UID {uid + 1}:*") if found > uid]

    def uids_since(self, day: date) -> list[int]:
        """The mails that came on that day or later, oldest first."""
        return self._search(f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}")

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """These mails, in the order of their numbers; those that are gone are left out."""
        with self._told():
            self._client.allow(COMMAND_SECONDS)
            what = f"(UID INTERNALDATE BODY.PEEK[]<0.{MOST_OF_A_MAIL}>)"
            status, answered = self._client.uid("FETCH", ",".join(map(str, uids)), what)
            self._require(status, answered)
            found = {mail.uid: mail for mail in _mails(answered)}
        return iter([found[uid] for uid in sorted(found) if uid in set(uids)])

    def close(self) -> None:
        """Say goodbye; what the server makes of that is nothing to us."""
        with suppress(OSError, imaplib.IMAP4.error, NotRead):
            self._client.allow(GOODBYE_SECONDS)
            self._client.logout()
        self._client.shutdown()

    def _log_in(self) -> None:
        client, server = self._client, self._server
        client.allow(COMMAND_SECONDS)
        if server.security == "starttls":
            client.upgrade()
        if server.tokens is not None:
            self._show_token()
            return
        is_plain = "LOGINDISABLED" in client.capabilities or not (server.username + server.password).isascii()
        if is_plain and "AUTH=PLAIN" not in client.capabilities:
            raise NotRead(MailboxFault.AUTH_UNAVAILABLE, f"it offers {', '.join(client.capabilities)}"[:SAID])
        log_in = self._box.login_utf8 if is_plain else self._box.login
        try:
            log_in(server.username, server.password, initial_folder=None)
        except MailboxLoginError as error:
            raise _login_refused(_words(error.command_result[1]), self._hidden) from error
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:  # what AUTHENTICATE raises for NO, and LOGIN for BAD
            raise _login_refused(str(error), self._hidden) from error

    def _show_token(self) -> None:
        client, shown = self._client, xoauth2(self._server.username, self._secret)
        if "AUTH=XOAUTH2" not in client.capabilities:
            raise NotRead(MailboxFault.AUTH_UNAVAILABLE, f"it offers {', '.join(client.capabilities)}"[:SAID])
        # To a second question, which tells why it will be refused, the answer is empty.
        answers = iter([shown.encode()])
        try:
            client.authenticate("XOAUTH2", lambda _question: next(answers, b""))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            refused = _login_refused(str(error), self._hidden)
            fault = MailboxFault.TOKEN_REFUSED if refused.fault == MailboxFault.AUTH else refused.fault
            raise NotRead(fault, refused.said, is_final=refused.is_final) from error

    def _search(self, criteria: str) -> list[int]:
        with self._told():
            self._client.allow(COMMAND_SECONDS)
            status, answered = self._client.uid("SEARCH", criteria)
            self._require(status, answered)
            return sorted({int(number) for line in answered if line for number in line.split()})

    def _number(self, code: str) -> int:
        _, values = self._client.response(code)
        return int(values[-1]) if values and values[-1] else 0

    def _require(self, status: str, answered: Any) -> None:
        if status != "OK":
            raise NotRead(MailboxFault.REFUSED, self._hidden(_words(answered)))

    def _hidden(self, text: str) -> str:
        forms = [self._secret]
        if self._server.tokens is not None:
            forms.append(base64.b64encode(xoauth2(self._server.username, self._secret).encode()).decode())
        return without(forms, text)[:SAID]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong on the line is a NotRead, without the password in it."""
        try:
            yield
        except NotRead:
            raise
        except ssl.SSLCertVerificationError as error:
            raise NotRead(MailboxFault.CERTIFICATE, error.verify_message) from error
        except ssl.SSLError as error:
            raise NotRead(MailboxFault.TLS, self._hidden(str(error))) from error
        except TimeoutError as error:
            raise NotRead(MailboxFault.TIMEOUT) from error
        except imaplib.IMAP4.abort as error:
            raise NotRead(MailboxFault.DROPPED, self._hidden(str(error))) from error
        except OSError as error:
            raise NotRead(MailboxFault.DROPPED, self._hidden(str(error))) from error
        except (imaplib.IMAP4.error, ImapToolsError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise NotRead(MailboxFault.GARBAGE, self._hidden(str(error))) from error


class _Box(BaseMailBox):
    """imap_tools over our own client."""

    def __init__(self, client: "_Client"):
        self._made = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._made


class _Client(imaplib.IMAP4):
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
            raise NotRead(MailboxFault.TLS_UNAVAILABLE, _words(said))
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


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _token(tokens: Tokens, *, instead_of: str = "") -> str:
    try:
        return tokens.token(seconds=CONNECT_SECONDS, instead_of=instead_of)
    except NoToken as none:
        raise NotRead(MailboxFault(none.reason), none.said[:SAID], is_final=none.permanent) from none


def _login_refused(said: str, hidden: Any) -> NotRead:
    upper = said.upper()
    if any(code in upper for code in PASSING_CODES):
        return NotRead(MailboxFault.REFUSED, hidden(said))
    return NotRead(MailboxFault.AUTH, hidden(said), is_final=any(code in upper for code in FINAL_CODES))


def _words(answered: Any) -> str:
    """What the server said, as one line."""
    parts = [part for part in answered or [] if isinstance(part, bytes)]
    text = b" ".join(parts).decode("utf-8", "replace")
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:SAID]


def _mails(answered: Sequence[Any]) -> Iterator[Fetched]:
    """The mails of an answer to FETCH: what stands before and behind each literal tells which it is."""
    for place, part in enumerate(answered):
        if not isinstance(part, tuple):
            continue
        behind = answered[place + 1] if place + 1 < len(answered) else b""
        told = part[0] + b" " + (behind if isinstance(behind, bytes) else b"")
        uid = _UID.search(told)
        if uid is not None:
            yield Fetched(int(uid.group(1)), _moment(_RECEIVED.search(told)), part[1][:MOST_OF_A_MAIL])


def _moment(found: re.Match[bytes] | None) -> datetime | None:
    if found is None:
        return None
    try:
        return datetime.strptime(found.group(1).decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None
