"""Whether the ports we are about to open are free, asked before anything is started."""

import errno
import socket
from dataclasses import dataclass

from campaigns_project.errors import Refused


@dataclass(frozen=True)
class Port:
    """Where a part of ours will listen, and which variable moves it."""

    purpose: str
    host: str
    number: int
    variable: str


def refuse_taken(ports: list[Port]) -> None:
    """Raise Refused naming every port that cannot be opened, why, and its variable."""
    problems = [problem for port in ports if (problem := _problem(port))]
    if problems:
        raise Refused(
            "port_taken",
            " ".join(problems),
            "Stop what uses it (another `make run`?), or choose another port in the environment or in .env.",
        )


def _problem(port: Port) -> str:
    where = f"{port.purpose} cannot listen on {port.host}:{port.number} ({port.variable})"
    if not 0 < port.number < 65536:
        return f"{where}: a port is a number from 1 to 65535."
    try:
        family, kind, *_rest, address = socket.getaddrinfo(port.host, port.number, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections may linger on it
            probe.bind(address)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return f"{where}: {'the port is taken' if taken else error.strerror or error}."
    return ""
