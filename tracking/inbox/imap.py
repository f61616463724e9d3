"""An IMAP session that changes nothing: folders are opened to read alone, and no mail is marked as seen."""

import base64
import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import Any, NamedTuple

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from imap_tools.mailbox import BaseMailBox

from campaigns.delivery.hiding import without
from campaigns.delivery.server import tls_context
from campaigns.delivery.tokens import NoToken, Tokens, xoauth2
from tracking.inbox.faults import MailboxFault, NotRead
from tracking.inbox.imap_line import CONNECT_SECONDS, SAID, BoundedClient, ImapServer, words

COMMAND_SECONDS = 60.0
GOODBYE_SECONDS = 2.0
MOST_OF_A_MAIL = 1_000_000  # bytes that are read of each
# RFC 5530: these say that the login itself is wrong, not that the server is in trouble.
FINAL_CODES = ("AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED")
PASSING_CODES = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA")
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_RECEIVED = re.compile(rb'INTERNALDATE "([^"]{20,30})"')


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
            self._client = BoundedClient(self._server, context or tls_context())
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
                said = f"{folder}: {words(error.command_result[1])}"
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
            raise _login_refused(words(error.command_result[1]), self._hidden) from error
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
            raise NotRead(MailboxFault.REFUSED, self._hidden(words(answered)))

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

    def __init__(self, client: BoundedClient):
        self._made = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._made


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
