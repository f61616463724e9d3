"""Where and how a sender's mail server is reached."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from campaigns.delivery.tokens import Tokens


class Security(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"  # from the first byte, port 465


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """One account on one server.

    `host` is what its certificate must name. `address`, where set, is the IP to connect to instead of asking DNS, and
    `more_addresses` are tried after it: those that were checked are then those that are used. An empty `username` means
    no login; with `tokens` the login is by one of them, and not by the password. `ehlo_name` is the name we give
    ourselves; empty for the address literal of our end.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    tokens: Tokens | None = field(default=None, repr=False)
    address: str = ""
    ehlo_name: str = ""
    more_addresses: tuple[str, ...] = ()


@cache
def tls_context() -> ssl.SSLContext:
    """The one SSLContext of this process: making one costs about 18 ms."""
    return ssl.create_default_context()
