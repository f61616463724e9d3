"""A small IMAP4rev1 server (RFC 3501) on a real socket: what a reader needs of one, and the ways in which one fails."""

import base64
import re
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from campaigns.tests.factories import NOON

_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\S+)')


@dataclass
class Folder:
    """`mails` by number: the bytes and when they came."""

    validity: int = 1
    mails: dict[int, tuple[bytes, datetime]] = field(default_factory=dict)

    def put(self, raw: bytes, *, at: datetime = NOON) -> int:
        """A mail arrives; its number."""
        number = max(self.mails, default=0) + 1
        self.mails[number] = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), at
        return number


class ImapServer:
    """Serves `folders` to `username` and `password`; the attributes say how it fails."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, is_tls_from_the_start: bool = False):
        self.username, self.password = "ada", "hunter2-of-ada"
        self.folders: dict[str, Folder] = {"INBOX": Folder()}
        self.tokens: list[str] = []  # that a login by XOAUTH2 is taken with
        self.shown: list[str] = []  # what came in such logins
        self.commands: list[str] = []
        self.refuses_login = ""  # what it says to one
        self.drops_after: int | None = None  # bytes of the next answer to a FETCH, once
        self.greets = threading.Event()
        self.greets.set()
        self.garbage = b""  # in place of the greeting
        self.capabilities = "IMAP4rev1"
        self._tls, self._is_tls_from_the_start = tls, is_tls_from_the_start
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._lines: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    def close(self) -> None:
        self.greets.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for line in (self._socket, *self._lines):
            line.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._socket.accept()
                self._lines.append(line)
                threading.Thread(target=self._talk, args=[line], daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with suppress(OSError, ValueError):
            if self._tls and self._is_tls_from_the_start:
                line = self._tls.wrap_socket(line, server_side=True)
            self._lines.append(line)
            self.greets.wait()
            line.sendall(self.garbage or b"* OK ready\r\n")
            talk = _Conversation(self, line)
            try:
                talk.run()
            finally:
                talk.file.close()
                talk.line.close()
        line.close()


class _Conversation:
    def __init__(self, server: ImapServer, line: socket.socket):
        self.server, self.line, self.file = server, line, line.makefile("rb")
        self.folder: Folder | None = None
        self.is_in = False

    def run(self) -> None:
        while command := self._read_command():
            tag, words = command[0].decode(), [word.decode() for word in command[1:]]
            name = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            self.server.commands.append(name)
            handler = getattr(self, f"_{name.replace(' ', '_').lower()}", None)
            if handler is None:
                self._say(f"{tag} BAD unknown command")
            elif name not in ("CAPABILITY", "LOGIN", "AUTHENTICATE", "STARTTLS", "LOGOUT", "NOOP") and not self.is_in:
                self._say(f"{tag} BAD log in first")
            else:
                handler(tag, words)
            if name == "LOGOUT":
                return

    def _read_command(self) -> list[bytes]:
        """The words of a command; a literal is asked for and read (RFC 3501 7.5)."""
        whole = self.file.readline()
        words: list[bytes] = []
        while literal := _LITERAL.search(whole):
            words += _words(whole[: literal.start()])
            self._say("+ go on")
            words.append(self.file.read(int(literal.group(1))))
            whole = self.file.readline()
        return words + _words(whole)

    def _say(self, text: str) -> None:
        self.line.sendall(f"{text}\r\n".encode())

    def _capability(self, tag: str, _words: list[str]) -> None:
        can_encrypt = self.server._tls and not isinstance(self.line, ssl.SSLSocket)
        self._say(f"* CAPABILITY {self.server.capabilities}{' STARTTLS' if can_encrypt else ''}")
        self._say(f"{tag} OK done")

    def _starttls(self, tag: str, _words: list[str]) -> None:
        assert self.server._tls is not None
        self._say(f"{tag} OK begin")
        self.line = self.server._tls.wrap_socket(self.line, server_side=True)
        self.file = self.line.makefile("rb")

    def _login(self, tag: str, words: list[str]) -> None:
        self.is_in = words[1:] == [self.server.username, self.server.password] and not self.server.refuses_login
        said = self.server.refuses_login or f"[AUTHENTICATIONFAILED] no entry for {words[-1]}"
        self._say(f"{tag} OK welcome" if self.is_in else f"{tag} NO {said}")

    def _authenticate(self, tag: str, words: list[str]) -> None:
        if words[1].upper() == "XOAUTH2":
            self._take_token(tag)
            return
        self._say("+ ")
        shown = base64.b64decode(self.file.readline()).decode()
        self.is_in = shown == f"\0{self.server.username}\0{self.server.password}"
        self._say(f"{tag} OK welcome" if self.is_in else f"{tag} NO [AUTHENTICATIONFAILED] no")

    def _take_token(self, tag: str) -> None:
        self._say("+ ")
        line = self.file.readline().strip().decode()
        shown = base64.b64decode(line).decode()
        self.server.shown.append(shown)
        taken = [f"user={self.server.username}\1auth=Bearer {token}\1\1" for token in self.server.tokens]
        self.is_in = shown in taken
        if self.is_in:
            self._say(f"{tag} OK welcome")
            return
        self._say(f"+ {base64.b64encode(b'{"status": "400"}').decode()}")
        is_empty = self.file.readline() == b"\r\n"
        said = self.server.refuses_login or "AUTHENTICATE failed for"
        self._say(f"{tag} NO {said} {line}" if is_empty else f"{tag} BAD an empty line was to come")

    def _logout(self, tag: str, _words: list[str]) -> None:
        self._say("* BYE")
        self._say(f"{tag} OK bye")

    def _list(self, tag: str, _words: list[str]) -> None:
        self._say('* LIST (\\Noselect) "/" "Archive"')
        for name in self.server.folders:
            self._say(f'* LIST () "/" "{name}"')
        self._say(f"{tag} OK done")

    def _examine(self, tag: str, words: list[str]) -> None:
        self.folder = self.server.folders.get(words[1])
        if self.folder is None:
            self._say(f"{tag} NO [NONEXISTENT] no such folder")
            return
        self._say(f"* {len(self.folder.mails)} EXISTS")
        self._say(f"* OK [UIDVALIDITY {self.folder.validity}] valid")
        self._say(f"* OK [UIDNEXT {max(self.folder.mails, default=0) + 1}] next")
        self._say(f"{tag} OK [READ-ONLY] done")

    def _uid_search(self, tag: str, words: list[str]) -> None:
        assert self.folder is not None
        kind, value = words[2].upper(), words[3]
        if kind == "UID":
            first = int(value.partition(":")[0])
            last = max(self.folder.mails, default=0)  # the star; a range the wrong way round is turned
            found = [number for number in self.folder.mails if min(first, last) <= number <= max(first, last)]
        else:
            day = datetime.strptime(value, "%d-%b-%Y").replace(tzinfo=UTC)
            found = [number for number, (_, at) in self.folder.mails.items() if at >= day]
        self._say(f"* SEARCH {' '.join(map(str, found))}".rstrip())
        self._say(f"{tag} OK done")

    def _uid_fetch(self, tag: str, words: list[str]) -> None:
        assert self.folder is not None
        asked = " ".join(words[3:])
        most = int(re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", asked).group(1))  # type: ignore[union-attr]
        answer = b""
        for place, number in enumerate(self.folder.mails, start=1):
            if str(number) in words[2].split(","):
                raw, at = self.folder.mails[number]
                told = f'* {place} FETCH (UID {number} INTERNALDATE "{at:%d-%b-%Y %H:%M:%S +0000}" BODY[]<0> '
                answer += told.encode() + b"{%d}\r\n" % len(raw[:most]) + raw[:most] + b")\r\n"
        if self.server.drops_after is not None:
            most, self.server.drops_after = self.server.drops_after, None
            self.line.sendall(answer[:most])
            self.line.shutdown(socket.SHUT_RDWR)
            raise OSError("dropped")
        self.line.sendall(answer)
        self._say(f"{tag} OK done")


def _words(line: bytes) -> list[bytes]:
    quoted = re.compile(rb"\\(.)")
    return [quoted.sub(rb"\1", found[0]) if found[0] else found[1] for found in _WORD.findall(line)]
