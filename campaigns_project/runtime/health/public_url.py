"""Whether PUBLIC_URL leads back to this installation, asked the way a recipient's browser would."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

from campaigns_project.database.identity import configured
from campaigns_project.errors import Refused
from campaigns_project.outbound import addresses_of
from campaigns_project.runtime.health.check import Check, Level
from campaigns_project.runtime.health.configuration import is_this_machine, public_address

SECONDS = 5.0
LONGEST_ANSWER = 10_000  # bytes
FIX = "Correct PUBLIC_URL, or let the proxy in front pass everything on to the web process."


def examine_public_url() -> Iterator[Check]:
    """Fetch our own /healthz through PUBLIC_URL. The addresses its name has are judged before they are connected to."""
    base = public_address()
    if is_this_machine():
        message = f"{base} is this machine alone, so there is nothing to ask from outside."
        yield Check("public_url", Level.NOTE, message, "Set PUBLIC_URL before mails go to real people.")
        return
    try:
        instance = _instance_at(base)
    except Refused as refused:
        yield Check("public_url", Level.FAIL, f"{base} is not asked: {refused.message}", refused.hint or FIX)
    except ssl.SSLError as error:
        yield Check("public_url", Level.FAIL, f"{base} has no good certificate: {error.reason or error}.", FIX)
    except (OSError, http.client.HTTPException) as error:
        yield Check("public_url", Level.FAIL, f"{base} does not answer: {error}.", FIX, down=True)
    else:
        yield _verdict(base, instance)


def _verdict(base: str, instance: str) -> Check:
    if instance == configured().instance:
        return Check("public_url", Level.OK, f"{base} leads to this installation.")
    if not instance:
        return Check("public_url", Level.FAIL, f"{base} leads to something that is not Fairlead.", FIX)
    # Installations are told apart by how they reach their database: through a pool, or by another name, it has another.
    message = f"{base} leads to another installation of Fairlead, or to a web process with another DATABASE_URL."
    return Check("public_url", Level.WARN, message, f"Where its DATABASE_URL leads elsewhere than ours: {FIX}")


def _instance_at(base: str) -> str:
    """What /healthz there calls itself; "" where something else answers."""
    parts = urlsplit(base)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address, *_more = addresses_of(host, port=port, seconds=SECONDS)
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    with closing(connection):
        # Connected here and not by the connection, which would ask DNS once more.
        connection.sock = _line(address, port, tls_for=host if parts.scheme == "https" else "")
        connection.request("GET", f"{parts.path}/healthz", headers={"Host": parts.netloc})
        body = connection.getresponse().read(LONGEST_ANSWER)
    try:
        return str(json.loads(body).get("instance", ""))
    except (ValueError, AttributeError):
        return ""


def _line(address: str, port: int, *, tls_for: str) -> socket.socket:
    line = socket.create_connection((address, port), timeout=SECONDS)
    return ssl.create_default_context().wrap_socket(line, server_hostname=tls_for) if tls_for else line
