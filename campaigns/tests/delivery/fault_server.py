"""An SMTP server on a real socket that misbehaves as told, stage by stage.

    with FaultServer(rcpt=Say("550 5.1.1 no such user")) as server:
        SmtpConnection(server.account()).deliver(...)

Each stage takes one action for every time, or a list used up one by one; without one the server behaves well. A
command out of its turn, such as RCPT after a refused MAIL, gets 503 and uses up nothing, unless the server is `lax`.
`tokens` are those that a login by XOAUTH2 is taken with; `shown` are all accounts and tokens that came.
One that `keeps_refused` stays within a mail that it refused after the dot until RSET, as Postfix does.
"""

import base64
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from campaigns.delivery.server import Security, SmtpServer

PATIENCE = 10.0  # seconds until a thread of the server gives up on a client; no test waits for it

OUT_OF_TURN = "503 5.5.1 not in this order"
FEATURES = "SIZE 35882577,8BITMIME,SMTPUTF8,AUTH PLAIN LOGIN CRAM-MD5"
CHALLENGE = "<1896.697170952@postoffice.reston.mci.net>"  # the one of RFC 2195
GOOD = {
    "greeting": "220 test ready",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 end with a dot",
    "content": "",
    "dot": "250 2.0.0 queued as 1",
    "rset": "250 2.0.0 flushed",
    "quit": "221 2.0.0 bye",
}


@dataclass(frozen=True)
class Say:
    """Answer with this text, then go on, or hang up at once."""

    text: str
    then_drop: bool = False
    end: str = "\r\n"


@dataclass(frozen=True)
class Drop:
    """Hang up with a reset instead of answering."""


@dataclass(frozen=True)
class Silence:
    """Never answer; wait until the client hangs up."""


@dataclass(frozen=True)
class Hold:
    """Neither read nor answer until the server is stopped."""


@dataclass(frozen=True)
class Dribble:
    """Answer one byte at a time, for as long as the client listens."""

    text: str
    every: float = 0.02


@dataclass(frozen=True)
class Listen:
    """Answer well, but only once the client has sent more, which only one that pipelines does."""


@dataclass(frozen=True)
class Deaf:
    """Answer well, and lose what the client had sent behind the command."""


@dataclass(frozen=True)
class When:
    """Answer well, once this event is set."""

    event: threading.Event


def _verbs(commands: list[str]) -> list[str]:
    return [command.partition(" ")[0] for command in commands]


class HungUpError(Exception):
    """The conversation is over, by our doing or the client's."""


class FaultServer:
    """Runs until the end of its `with` block; `commands`, `mails` and `connections` say what it saw."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        features: str = FEATURES,
        lax: bool = False,
        keeps_refused: bool = False,
        tokens: Sequence[str] = (),
        **script: Any,
    ):
        self.tls = tls
        self.lax = lax
        self.keeps_refused = keeps_refused
        self.features = features
        self.tokens = tokens
        self.shown: list[tuple[str, str]] = []
        self.script = script
        self.commands: list[str] = []
        self.talks: list[Talk] = []
        self.mails: list[bytes] = []  # with content, dot and a recipient
        self.taken: list[bytes] = []  # those of them that were answered 2xx
        self.connections = 0
        self.dropped = threading.Event()
        self.stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def account(self, **changes: Any) -> SmtpServer:
        """How to reach this server: in the clear and without a login, unless said otherwise."""
        values = {"host": "localhost", "address": "127.0.0.1", "port": self.port, "security": Security.NONE}
        return SmtpServer(**{**values, **changes})

    def verbs(self) -> list[str]:
        """The first word of every command received."""
        return _verbs(self.commands)

    def last_verbs(self) -> list[str]:
        """Those of the last connection; of two that overlap, nobody knows whose command was read first."""
        return _verbs(self.talks[-1].commands)

    def hang_up(self) -> None:
        """Close every open connection, as a server does that has waited long enough."""
        for sock in self._open:
            with contextlib.suppress(OSError):  # closed already
                sock.shutdown(socket.SHUT_RDWR)

    def say_unasked(self, text: str) -> None:
        for sock in self._open:
            sock.sendall(f"{text}\r\n".encode())

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(PATIENCE)
        self._listener.close()
        self.hang_up()
        for thread in self._threads[1:]:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.append(sock)
            talk = Talk(self, sock)
            self.talks.append(talk)
            self._threads.append(threading.Thread(target=self._serve, args=(talk,), daemon=True))
            self._threads[-1].start()

    def _serve(self, talk: "Talk") -> None:
        try:
            talk.run()
        except (HungUpError, OSError):
            talk.reset()
            self.dropped.set()


class Talk:
    """One connection."""

    def __init__(self, server: FaultServer, sock: socket.socket):
        self.server = server
        self.sock = sock
        self.reader = sock.makefile("rb")
        self.commands: list[str] = []
        self.progress = ""  # the last of mail and rcpt that was answered well

    def reset(self) -> None:
        """Close with RST, so that the client's next send fails and not only its next read."""
        self.reader.close()
        with contextlib.suppress(OSError):  # closed already
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def run(self) -> None:
        if self.server.script.get("wrapped"):
            self.start_tls()
        self.act("greeting")
        while True:
            self.answer(self.read_command())

    def answer(self, command: str) -> None:
        verb = command.partition(" ")[0].lower()
        if verb == "auth":
            self.authenticate(command)
        elif verb in ("mail", "rcpt", "data"):
            self.transact(verb)
        else:
            self.act(verb)
            self.progress = ""
        if verb == "starttls":
            self.start_tls()
        if verb == "quit":
            raise HungUpError

    def transact(self, verb: str) -> None:
        before = {"mail": "", "rcpt": "mail", "data": "rcpt"}[verb]
        is_another = verb == "rcpt" and self.progress == verb  # one mail may have several recipients
        if self.progress != before and not is_another and not self.server.lax:
            self.say(OUT_OF_TURN)
            return
        answer = self.act(verb)
        if verb == "data" and answer.startswith("354"):
            self.receive(has_recipient=self.progress == "rcpt")
        elif answer.startswith("2"):
            self.progress = verb

    def receive(self, *, has_recipient: bool) -> None:
        self.progress = ""
        self.act("content")
        mail = self.read_content()
        if not has_recipient:
            self.say("554 5.5.1 no valid recipients")
            return
        self.server.mails.append(mail)
        if self.act("dot").startswith("2"):
            self.server.taken.append(mail)
        elif self.server.keeps_refused:
            self.progress = "rcpt"

    def authenticate(self, command: str) -> None:
        if command.startswith("AUTH XOAUTH2"):
            self.take_token(command.removeprefix("AUTH XOAUTH2").strip())
            return
        prompts = {"AUTH LOGIN": ["Username:", "Password:"], "AUTH CRAM-MD5": [CHALLENGE]}
        for prompt in prompts.get(command, []):
            self.say(f"334 {base64.b64encode(prompt.encode()).decode()}")
            self.read_command()
        self.act("auth")

    def take_token(self, shown: str) -> None:
        if not shown:
            self.say("334 ")
            shown = self.read_command()
        account, _, rest = base64.b64decode(shown).decode().removeprefix("user=").partition("\1auth=Bearer ")
        token = rest.removesuffix("\1\1")
        self.server.shown.append((account, token))
        if token in self.server.tokens:
            self.act("auth")
            return
        self.say(f"334 {base64.b64encode(b'{"status": "400"}').decode()}")
        answer = self.read_command()
        self.say("501 5.5.2 an empty line was to come" if answer else f"535 5.7.8 not accepted: {shown}")

    def start_tls(self) -> None:
        assert self.server.tls is not None
        self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
        self.reader = self.sock.makefile("rb")

    def act(self, stage: str) -> str:
        """What was planned for this stage; the text of the answer, if there was one."""
        planned = self.server.script.get(stage)
        if isinstance(planned, list):
            planned = planned.pop(0) if planned else None
        match planned or Say(self.good(stage)):
            case Say(text, then_drop, end):
                self.say(text, end)
                if then_drop:
                    raise HungUpError
                return text
            case Silence():
                self.reader.read()
            case Hold():
                self.server.stopping.wait(PATIENCE)
            case Dribble(text, every):
                self.dribble(text, every)
            case When(event):
                event.wait(PATIENCE)
                self.say(self.good(stage))
                return self.good(stage)
            case Deaf():
                self.reader = self.sock.makefile("rb")
                self.say(self.good(stage))
                return self.good(stage)
            case Listen():
                if not self.reader.peek(1):
                    raise HungUpError
                self.say(self.good(stage))
                return self.good(stage)
        raise HungUpError

    def good(self, stage: str) -> str:
        if stage == "ehlo":
            return "\r\n".join(["250-test", *(f"250-{line}" for line in self.server.features.split(",")), "250 HELP"])
        return GOOD.get(stage, "502 5.5.2 what?")

    def say(self, text: str, end: str = "\r\n") -> None:
        if text:
            self.sock.sendall(f"{text}{end}".encode("latin-1"))

    def dribble(self, text: str, every: float) -> None:
        for byte in text.encode():
            self.sock.sendall(bytes([byte]))
            time.sleep(every)

    def read_command(self) -> str:
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise HungUpError
        command = line[:-2].decode()
        self.commands.append(command)
        self.server.commands.append(command)
        return command

    def read_content(self) -> bytes:
        lines = []
        while (line := self.reader.readline()) != b".\r\n":
            if not line:
                raise HungUpError
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)
