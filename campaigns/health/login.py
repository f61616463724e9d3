"""The login test: everything up to the point where a mail would begin, and no mail."""

import time
from contextlib import closing, suppress
from dataclasses import replace

from campaigns.delivery.heard import Heard
from campaigns.delivery.outcomes import SenderFault, Stage
from campaigns.delivery.server import Security, SmtpServer, tls_context
from campaigns.delivery.services import SERVICES, read_settings, url_of
from campaigns.delivery.session import SessionError, open_session
from campaigns.delivery.wire import WireError
from campaigns.health.findings import Finding, HealthCheck, HealthStatus
from campaigns.models import Sender
from campaigns.oauth import hints
from campaigns.sending.connections import fault_of, is_by_mailbox, is_by_service, server_of
from campaigns_project.errors import Refused
from campaigns_project.outbound import addresses_of

LOGIN_SECONDS = 10.0
LEAST_SECONDS = 1.0  # what is left for the server when DNS took nearly all of it
# Reasons that speak of the way there and not of the sender.
DOWN = frozenset({"dns", "host_unknown", "connect", "timeout", "dropped", "service_trouble", "token_service"})
HINTS = {
    **hints.HINTS,
    "auth": "Enter the password or key again; some providers want one made for programs.",
    "auth_unavailable": "Ask the provider how programs log in; where it wants OAuth, connect the sender on its page.",
    "auth_required": "Enter user name and password of the account.",
    "certificate": "Use the host name that the certificate is made for, or have the server's certificate renewed.",
    "tls_unavailable": "Choose the encryption that this port offers: TLS on 465, STARTTLS on 587.",
    "tls_required": "Choose STARTTLS, or TLS where the port wants it from the first byte.",
    "tls": "Choose the encryption that this port offers: TLS on 465, STARTTLS on 587.",
    "timeout": "Check host and port; many networks let nothing out to port 25.",
    "connect": "Check host and port, and that the server runs.",
    "greeting": "Check host and port; this server does not take mail from here.",
    "garbage": "Check the port: what answers there is no mail server, or wants TLS from the first byte.",
    "address_not_allowed": "If it is meant, an administrator adds it to OUTBOUND_ALLOW_HOSTS.",
    "host_unknown": "Check how the host is spelled.",
}
WHERE = {
    Stage.CONNECT: "It cannot be connected to",
    Stage.GREETING: "It does not greet as a mail server does",
    Stage.EHLO: "It does not take our greeting",
    Stage.TLS: "Encryption failed",
    Stage.AUTH: "The login was refused",
}


def check_login(sender: Sender, *, seconds: float = LOGIN_SECONDS) -> Finding:
    """Connect, greet, encrypt and log in, as for a mail; what the server said where it ended."""
    try:
        return _service(sender, seconds) if is_by_service(sender) else _server(sender, seconds)
    except Refused as refused:
        return _failed(fault_of(refused), refused.hint)


def _server(sender: Sender, seconds: float) -> Finding:
    if not is_by_mailbox(sender) and not sender.host:
        raise Refused("host_missing", f"{sender.email} has no SMTP host.", "Fill in its host.")
    ends = time.monotonic() + seconds
    server = server_of(sender)
    heard, least = Heard(), time.monotonic() + LEAST_SECONDS
    try:
        session = open_session(server, context=tls_context(), deadline=max(ends, least), heard=heard)
    except SessionError as error:
        return replace(_failed(error.fault, HINTS.get(error.fault.reason, "")), log=str(heard))
    # Whatever it makes of our goodbye, it took the login.
    with closing(session.wire), suppress(WireError):
        session.wire.command("QUIT", deadline=time.monotonic() + LEAST_SECONDS)
    return replace(_good(sender, server, frozenset(session.features)), log=str(heard))


def _good(sender: Sender, server: SmtpServer, features: frozenset[str]) -> Finding:
    how = {Security.TLS: "over TLS", Security.STARTTLS: "over STARTTLS", Security.NONE: "in the clear"}
    by = " by a token" if server.tokens else ""
    who = f"logged in as {server.username}{by}" if server.username else "without a login"
    found = f"{server.host}:{server.port} {how[server.security]}, {who}; it offers {', '.join(sorted(features))}"
    if server.security is Security.NONE and server.username:
        message = f"It works, but the {'token' if by else 'password'} goes over the line in the clear."
        return _finding(HealthStatus.WARN, message, found, "Choose STARTTLS or TLS.")
    where = "the local mailbox" if is_by_mailbox(sender) else "the mail server"
    return _finding(HealthStatus.OK, f"It could hand over a mail to {where} now.", found)


def _service(sender: Sender, seconds: float) -> Finding:
    """A question that does nothing, where the service has one that every key may ask."""
    service = SERVICES.get(sender.esp)
    keys = read_settings(sender.esp, sender.esp_settings)
    url = url_of(sender.esp, keys)
    if service is None or service.probe is None:
        message = f"{sender.esp} has no test that every key may use: the first mail is the test."
        return _finding(HealthStatus.UNKNOWN, message, url)
    from campaigns.delivery.probe import probe  # noqa: PLC0415 - loads an HTTP library, as connections does

    fault = probe(
        sender.esp, keys, resolve=lambda host, port: addresses_of(host, port=port, seconds=seconds), seconds=seconds
    )
    if fault is not None:
        return _failed(fault, HINTS.get(fault.reason, ""))
    return _finding(HealthStatus.OK, f"{service.label} takes the key.", url)


def _failed(fault: SenderFault, hint: str) -> Finding:
    message = f"{WHERE.get(fault.stage, 'It was refused')} ({fault.reason})."
    is_down = fault.reason in DOWN
    return Finding(HealthCheck.LOGIN, HealthStatus.FAIL, message, _EXPECTED, fault.reply, hint, is_down)


_EXPECTED = "a server that takes the login"


def _finding(status: HealthStatus, message: str, found: str, hint: str = "") -> Finding:
    return Finding(HealthCheck.LOGIN, status, message, _EXPECTED, found, hint)
