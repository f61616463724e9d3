"""A name and an address, and the address as the wire wants it."""

import re
from functools import lru_cache
from typing import NamedTuple

import idna

from campaigns.content.errors import AddressRefused

MAX_ADDRESS = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
MAX_LOCAL = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class Mailbox(NamedTuple):
    """Someone mail goes to or comes from. `name` is what people see and may be empty."""

    address: str
    name: str = ""


# Asked for several times for each mail.
@lru_cache(maxsize=1_024)
def wire_address(address: str, *, field: str = "address") -> str:
    """`address` with its domain in ASCII (IDNA 2008); AddressRefused, naming `field`, when it cannot be written to.

    A non-ASCII local part stays as it is: it needs a server that offers SMTPUTF8 (RFC 6531).
    """
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local.encode("utf-8", "replace")) > MAX_LOCAL:
        raise AddressRefused(field, address)
    ascii_domain = domain if domain.isascii() else _idna(domain, field=field, address=address)
    if not _DOMAIN.fullmatch(ascii_domain) or len(local) + len(ascii_domain) + 1 > MAX_ADDRESS:
        raise AddressRefused(field, address)
    return f"{local}@{ascii_domain}"


def wire_domain(address: str) -> str:
    """The domain of an address, in ASCII and lower case."""
    return wire_address(address).rpartition("@")[2].lower()


def _idna(domain: str, *, field: str, address: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise AddressRefused(field, address) from error
