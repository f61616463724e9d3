"""Opening an SMTP session: connect, greeting, EHLO, TLS, login. All of it within one deadline.

Not smtplib: its reads have a time-out each and none together, and it gives one exception for a line that dropped
before the mail and after it.
"""

import base64
import hmac
import re
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from campaigns.delivery.base import Envelope
from campaigns.delivery.heard import Heard
from campaigns.delivery.hiding import without
from campaigns.delivery.outcomes import SenderFault, Stage
from campaigns.delivery.server import Security, SmtpServer, tls_context
from campaigns.delivery.tokens import NoToken, Tokens, xoauth2
from campaigns.delivery.wire import Reply, Wire, WireError

# In the clear a password is better not shown; under TLS, PLAIN works also where CRAM-MD5 is offered and cannot.
AUTH_ORDER = {
    Security.NONE: ("CRAM-MD5", "PLAIN", "LOGIN"),
    Security.STARTTLS: ("PLAIN", "LOGIN", "CRAM-MD5"),
    Security.TLS: ("PLAIN", "LOGIN", "CRAM-MD5"),
}
BY_TOKEN = ("XOAUTH2",)
NEXT_AFTER = 2.5  # seconds: far more than a connection takes, and long enough for a first packet that is lost
MOST_OF_A_COMMAND = 510  # bytes without its end (RFC 5321 4.5.3.1.4); what is longer is shown when it is asked for
TOKEN_REFUSED = "token_refused"  # noqa: S105 - the reason of a login that is refused for its token

WHILE = {
    Stage.GREETING: "before the server greeted",
    Stage.EHLO: "in answer to our greeting",
    Stage.TLS: "in answer to STARTTLS",
    Stage.AUTH: "at the login",
}
SILENT = f"{WHILE[Stage.GREETING]}; a port that wants TLS from the first byte waits like that"
# Answers to EHLO of a server that knows only HELO (RFC 5321 3.2 and 4.1.4).
NO_EHLO = frozenset({500, 502, 504})
# What OpenSSL calls an answer in the clear.
NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
_IN_SOURCE = re.compile(r" \(_ssl\.c:\d+\)$")
NO_LOGIN = "the server offers no login here"
LOGIN_MISSING = 530
# Something else has to come first: a login or encryption, which only the words tell apart.
ASKS_FIRST = frozenset({LOGIN_MISSING, 538})
_ENCRYPTION = re.compile(r"\b(?:STARTTLS|TLS|SSL)\b|encrypt", re.IGNORECASE)


class SessionError(Exception):
    """No session; `fault` is what deliver() answers."""

    def __init__(self, fault: SenderFault):
        super().__init__(fault.reason)
        self.fault = fault


class Session:
    """A wire on which mails may be sent, and what the server said it can do (its EHLO keywords, upper case)."""

    def __init__(self, wire: Wire, features: dict[str, str]):
        self.wire = wire
        self.features = features
        self.mails = 0
        self.was_slow = False  # whether it took long to open
        self.refused = 0  # of the last mails, one after the other
        # The mail whose MAIL, RCPT and DATA went out behind the one before it; their answers are still to be read.
        self.ahead: Envelope | None = None
        size = features.get("SIZE", "")
        # The biggest mail the server takes, in bytes; 0 where it names none (RFC 1870).
        self.max_size = int(size) if re.fullmatch(r"[0-9]{1,15}", size) else 0


def open_session(
    server: SmtpServer, *, context: ssl.SSLContext | None, deadline: float, heard: Heard | None = None
) -> Session:
    """A session ready for MAIL by `deadline`; SessionError says why there is none. Nothing is left open then.

    `heard` gets what was said, also where there is no session in the end.

    Without a `context` that of the process is used, where the server is to be talked to under TLS.
    Only the DNS lookup is bounded by the system's resolver instead; `server.address` avoids it.
    A token that the server refuses is replaced by a new one once: it may have been taken back before its time.
    """
    if server.tokens is None:
        return _opened(server, server.password, context, heard, deadline=deadline)
    token = _token(server.tokens, deadline=deadline)
    try:
        return _opened(server, token, context, heard, deadline=deadline)
    except SessionError as refused:
        if refused.fault.reason != TOKEN_REFUSED:
            raise
    another = _token(server.tokens, deadline=deadline, instead_of=token)
    return _opened(server, another, context, heard, deadline=deadline)


def _token(tokens: Tokens, *, deadline: float, instead_of: str = "") -> str:
    try:
        return tokens.token(seconds=max(deadline - time.monotonic(), 0.0), instead_of=instead_of)
    except NoToken as none:
        raise _refused(none.reason, Stage.AUTH, text=none.said, permanent=none.permanent) from none


def _opened(
    server: SmtpServer, secret: str, context: ssl.SSLContext | None, heard: Heard | None, *, deadline: float
) -> Session:
    wire = _connect(server, deadline=deadline)
    if heard is not None:
        heard.hide(_shown_forms(server.username, secret))
        heard.happened(f"Connected to {_name_of(wire.sock.getpeername())}")
        wire.heard = heard
    try:
        if server.security is Security.TLS:
            _start_tls(wire, server, context, deadline=deadline)
        _greeting(wire, deadline=deadline)
        features = _ehlo(wire, server, deadline=deadline)
        if server.security is Security.STARTTLS:
            features = _upgrade(wire, server, context, features, deadline=deadline)
        if server.username:
            _login(wire, server, secret, features, deadline=deadline)
    except BaseException:
        wire.close()
        raise
    return Session(wire, features)


def _connect(server: SmtpServer, *, deadline: float) -> Wire:
    """A connection to the first address that answers.

    Each gets an equal share of the time that is left, and not more than NEXT_AFTER while there is another: of a name's
    addresses some may lead nowhere (IPv6 often does), and each new connection would wait for them.
    """
    addresses = _addresses(server)
    refusal = OSError("no address")
    for count, (family, kind, protocol, _, address) in enumerate(addresses):
        others = len(addresses) - count - 1
        share = (deadline - time.monotonic()) / (others + 1)
        share = min(share, NEXT_AFTER) if others else share
        try:
            return Wire(_connected(socket.socket(family, kind, protocol), address, seconds=max(share, 0.001)))
        except OSError as error:  # also where this machine has no sockets left, or none of this family
            refusal = error
    reason = "timeout" if isinstance(refusal, TimeoutError) else "connect"
    raise _refused(reason, Stage.CONNECT, text=refusal.strerror or str(refusal)) from refusal


def _connected(sock: socket.socket, address: Any, *, seconds: float) -> socket.socket:
    try:
        sock.settimeout(seconds)
        sock.connect(address)
        # The dot goes out in a write of its own and must not wait for the acknowledgment of the content.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    return sock


def _addresses(server: SmtpServer) -> list[tuple[Any, ...]]:
    hosts = [server.address, *server.more_addresses] if server.address else [server.host]
    try:
        return [row for host in hosts for row in socket.getaddrinfo(host, server.port, type=socket.SOCK_STREAM)]
    except (socket.gaierror, UnicodeError) as error:  # UnicodeError: a host name that DNS cannot hold
        raise _refused("dns", Stage.CONNECT, text=str(error)) from error


def _greeting(wire: Wire, *, deadline: float) -> None:
    with _at(Stage.GREETING):
        reply = wire.read_reply(deadline=deadline)
    if wire.heard is not None:
        wire.heard.theirs(reply.code, reply.lines)
    if reply.code != 220:
        raise _refused("greeting", Stage.GREETING, reply)


def _ehlo(wire: Wire, server: SmtpServer, *, deadline: float) -> dict[str, str]:
    name = server.ehlo_name or _address_literal(wire)
    with _at(Stage.EHLO):
        reply = wire.command(f"EHLO {name}", deadline=deadline)
        # Login and STARTTLS there are only behind EHLO: without it the refusal says more than that they are missing.
        if reply.code in NO_EHLO and not server.username and server.security is not Security.STARTTLS:
            reply = wire.command(f"HELO {name}", deadline=deadline)
    if not reply.is_positive:
        raise _refused("ehlo", Stage.EHLO, reply)
    return _features(reply.lines[1:])


def _features(lines: Iterable[str]) -> dict[str, str]:
    """The keywords of EHLO with their parameters. One that is said again adds to what was said of it before.

    Servers say AUTH twice, the second time as clients of before RFC 2554 want it, and not always with all of it.
    """
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for line in lines:
        keyword, *parameters = line.replace("=", " ", 1).split() or [""]
        found[keyword.upper()].update(dict.fromkeys(parameters))
    return {keyword: " ".join(parameters) for keyword, parameters in found.items()}


def _name_of(address: Any) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address_literal(wire: Wire) -> str:
    host = wire.sock.getsockname()[0]
    return f"[IPv6:{host.partition('%')[0]}]" if ":" in host else f"[{host}]"


def _upgrade(
    wire: Wire, server: SmtpServer, context: ssl.SSLContext | None, features: dict[str, str], *, deadline: float
) -> dict[str, str]:
    if "STARTTLS" not in features:
        # Going on in the clear is what an attacker on the line wants.
        raise _refused("tls_unavailable", Stage.TLS, text="the server does not offer STARTTLS", permanent=True)
    with _at(Stage.TLS):
        reply = wire.command("STARTTLS", deadline=deadline)
    if reply.code != 220:
        raise _refused("tls_unavailable", Stage.TLS, reply)
    _start_tls(wire, server, context, deadline=deadline)
    return _ehlo(wire, server, deadline=deadline)


def _start_tls(wire: Wire, server: SmtpServer, context: ssl.SSLContext | None, *, deadline: float) -> None:
    with _at(Stage.TLS):
        try:
            wire.upgrade(context or tls_context(), hostname=server.host, deadline=deadline)
        except ssl.SSLCertVerificationError as error:
            raise _refused("certificate", Stage.TLS, text=error.verify_message, permanent=True) from error
        except TimeoutError as error:
            raise _refused("timeout", Stage.TLS, text=str(error)) from error
        except (OSError, ValueError) as error:  # ValueError: a host name that no certificate can carry
            raise _refused("tls", Stage.TLS, text=_words_of(error)) from error
    if wire.heard is not None and isinstance(wire.sock, ssl.SSLSocket):
        wire.heard.happened(f"Encrypted: {wire.sock.version()}")


def _words_of(error: Exception) -> str:
    """What went wrong with TLS, without the place in OpenSSL's source."""
    if getattr(error, "reason", "") in NOT_TLS:
        return "what answers on this port does not speak TLS from the first byte"
    return _IN_SOURCE.sub("", str(error))


def _login(wire: Wire, server: SmtpServer, secret: str, features: dict[str, str], *, deadline: float) -> None:
    """By the password of `server`, or by a token of its account, which `secret` is."""
    offered = features.get("AUTH", "").upper().split()
    known = BY_TOKEN if server.tokens else AUTH_ORDER[server.security]
    method = next((name for name in known if name in offered), "")
    if not method:
        raise _no_method(server, features, offered)
    try:
        with _at(Stage.AUTH):
            reply = _authenticate(wire, method, server.username, secret, deadline=deadline)
        if not reply.is_positive:
            reason = fault_of_login(reply)
            is_for_good = reply.code >= 500
            is_for_its_token = server.tokens is not None and reason == "auth" and is_for_good
            raise _refused(TOKEN_REFUSED if is_for_its_token else reason, Stage.AUTH, reply, permanent=is_for_good)
    except SessionError as error:
        said = without(_shown_forms(server.username, secret), error.fault.reply)
        raise SessionError(replace(error.fault, reply=said)) from None


def _shown_forms(username: str, secret: str) -> list[str]:
    """Every way in which a login writes its secret."""
    return [secret, _b64(secret), _plain(username, secret), _b64(xoauth2(username, secret))]


def _no_method(server: SmtpServer, features: dict[str, str], offered: list[str]) -> SessionError:
    if not offered and server.security is Security.NONE and "STARTTLS" in features:
        text = "the server offers a login only once the line is encrypted"
        return _refused("tls_required", Stage.AUTH, text=text, permanent=True)
    wanted = "XOAUTH2" if server.tokens else "PLAIN, LOGIN or CRAM-MD5"
    text = f"the server offers {' '.join(offered)}, not {wanted}" if offered else NO_LOGIN
    return _refused("auth_unavailable", Stage.AUTH, text=text, permanent=True)


def fault_of_login(reply: Reply) -> str:
    """The reason of the sender's fault that a refusal by one of the codes for logins is (RFC 4954 6, RFC 3207 4)."""
    if reply.code in ASKS_FIRST and _ENCRYPTION.search(reply.text):
        return "tls_required"
    return "auth_required" if reply.code == LOGIN_MISSING else "auth"


def _authenticate(wire: Wire, method: str, username: str, password: str, *, deadline: float) -> Reply:
    if method == "PLAIN":
        shown = _plain(username, password)
        reply = wire.command(f"AUTH PLAIN {shown}", deadline=deadline)
        # Some ask for what they were shown already: they read nothing behind the name of the method.
        return wire.command(shown, deadline=deadline) if reply.code == 334 else reply
    if method == "XOAUTH2":
        return _show_token(wire, _b64(xoauth2(username, password)), deadline=deadline)
    reply = wire.command(f"AUTH {method}", deadline=deadline)
    if method == "CRAM-MD5" and reply.code == 334:
        return wire.command(_b64(_cram_md5(reply, username, password)), deadline=deadline)
    for answer in (username, password):
        if reply.code == 334:
            reply = wire.command(_b64(answer), deadline=deadline)
    return reply


def _show_token(wire: Wire, shown: str, *, deadline: float) -> Reply:
    command = f"AUTH XOAUTH2 {shown}"
    if len(command) <= MOST_OF_A_COMMAND:
        reply = wire.command(command, deadline=deadline)
    else:
        reply = wire.command("AUTH XOAUTH2", deadline=deadline)
        reply = wire.command(shown, deadline=deadline) if reply.code == 334 else reply
    # Some say why they refuse in one more question, and refuse once they have got an empty answer to it.
    return wire.command("", deadline=deadline) if reply.code == 334 else reply


def _plain(username: str, password: str) -> str:
    """What AUTH PLAIN shows (RFC 4616)."""
    return _b64(f"\0{username}\0{password}")


def _cram_md5(challenge: Reply, username: str, password: str) -> str:
    """The answer of RFC 2195: the name, and the challenge signed with the password."""
    try:
        text = base64.b64decode(challenge.lines[-1])
    except ValueError as error:
        raise WireError("garbage", "a CRAM-MD5 challenge that is not base64") from error
    return f"{username} {hmac.new(password.encode(), text, 'md5').hexdigest()}"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@contextmanager
def _at(stage: Stage) -> Iterator[None]:
    try:
        yield
    except WireError as error:
        is_silent = stage is Stage.GREETING and error.reason == "timeout"
        where = SILENT if is_silent else WHILE[stage]
        raise _refused(error.reason, stage, text=f"{error.detail} ({where})") from error


def _refused(
    reason: str, stage: Stage, reply: Reply | None = None, *, text: str = "", permanent: bool = False
) -> SessionError:
    fault = SenderFault(
        reason=reason,
        code=reply.code if reply else 0,
        reply=reply.text if reply else text[:1_000],
        permanent=permanent,
        stage=stage,
    )
    return SessionError(fault)
