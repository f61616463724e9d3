"""Where this server may connect to when a person named the host: mail servers, e-mail services, webhooks, providers.

Whoever may name a host could otherwise have us talk to our own database, to a cloud's metadata address or to a
machine next door (server-side request forgery). So a name is resolved here, each of its addresses is judged, and the
caller connects to the addresses that were judged and asks DNS no second time: an answer that changes in between
(rebinding) changes nothing.
"""

import ipaddress
import socket
import threading
from collections.abc import Iterable

from django.conf import settings

from campaigns_project.errors import Refused

RESOLVE_SECONDS = 10.0

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# NAT64 (RFC 6052): the last four bytes are the IPv4 address that is really reached.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_BYTES_OF_V4 = 2**32 - 1


class AddressNotAllowed(Refused):
    """The host is, or resolves to, an address inside our own networks."""

    def __init__(self, host: str, address: str):
        inside = f"{host[:253]!a} is {address}" if host != address else address
        super().__init__(
            "address_not_allowed",
            f"{inside}, an address inside private networks, which is not connected to.",
            "If it is meant, an administrator adds the host, the address or its network to OUTBOUND_ALLOW_HOSTS.",
            {"host": host, "address": address},
        )


class HostUnknown(Refused):
    """DNS has no address for the host, or did not answer in time."""

    def __init__(self, host: str, why: str):
        super().__init__("host_unknown", f"{host[:253]!a} has no address in DNS: {why}.", "Check how it is spelled.")


def addresses_of(host: str, *, port: int, seconds: float = RESOLVE_SECONDS) -> list[str]:
    """The IP addresses of `host` to connect to, all of them allowed, in the order the system prefers.

    Whatever spelling DNS and the C library understand is judged by what it means: 2130706433, 0177.0.0.1 and
    ::ffff:127.0.0.1 are all this machine. AddressNotAllowed when one of the addresses is not allowed, HostUnknown when
    there is none within `seconds`.
    """
    found = _resolved(host, port, seconds)
    if not _is_named(host):
        for address in found:
            if not is_allowed(address):
                raise AddressNotAllowed(host, address)
    return found


def is_allowed(address: str) -> bool:
    """Whether this IP address may be connected to: a public one, or one of OUTBOUND_ALLOW_HOSTS."""
    try:
        shown = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(shown in network or _meant(shown) in network for network in _networks()) or _is_public(_meant(shown))


def _is_named(host: str) -> bool:
    wanted = host.rstrip(".").lower()
    return any(wanted == entry.rstrip(".").lower() for entry in settings.OUTBOUND_ALLOW_HOSTS)


def _networks() -> Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for entry in settings.OUTBOUND_ALLOW_HOSTS:
        try:
            yield ipaddress.ip_network(entry, strict=False)
        except ValueError:
            continue  # a name


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    if address.teredo:
        return address.teredo[1]
    return ipaddress.IPv4Address(int(address) & _BYTES_OF_V4) if address in _NAT64 else address


def _is_public(address: Address) -> bool:
    is_inside = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not is_inside


def _resolved(host: str, port: int, seconds: float) -> list[str]:
    """getaddrinfo within `seconds`; it has no time-out of its own, so the thread that waits for it is left behind."""
    found: list[str] = []
    trouble: list[str] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(row[4][0]) for row in rows))
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that DNS cannot hold
            trouble.append(getattr(error, "strerror", None) or str(error))

    if not host or "\0" in host:
        raise HostUnknown(host, "no host is named")
    thread = threading.Thread(target=ask, daemon=True, name="resolve")
    thread.start()
    thread.join(seconds)
    if not found:
        raise HostUnknown(host, trouble[0] if trouble else f"no answer within {seconds:g} s")
    return list(found)
