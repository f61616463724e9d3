"""Who a tracking request came from, as far as a request can say; cleaned so that Postgres takes it."""

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

USER_AGENT_LENGTH = 500  # characters kept; the longest of a real mail program or browser is about half


@dataclass(frozen=True, slots=True)
class Visitor:
    """A user agent (never longer than USER_AGENT_LENGTH) and an address, None where it is not known."""

    user_agent: str
    ip_address: str | None


def visitor(request: HttpRequest) -> Visitor:
    """The visitor behind `request`; whatever the headers hold, the answer can be stored."""
    return Visitor(
        user_agent=_storable(request.META.get("HTTP_USER_AGENT", "")[:USER_AGENT_LENGTH]),
        ip_address=_address(_client(request)),
    )


def _storable(text: str) -> str:
    """Without NUL, which Postgres refuses in a text, and without half characters, which UTF-8 cannot write."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _client(request: HttpRequest) -> str:
    """The peer; behind a proxy of ours, the last hop that is not one of our own network.

    Entries further left are whatever the client itself sent.
    """
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if not settings.BEHIND_PROXY or not hops:
        return request.META.get("REMOTE_ADDR", "")
    return next((hop for hop in reversed(hops) if _is_public(hop)), hops[-1])


def _is_public(hop: str) -> bool:
    address = _address(hop)
    return address is not None and ipaddress.ip_address(address).is_global


def _address(text: str) -> str | None:
    """The address in a form Postgres' inet takes; None for anything else, such as the empty one of a local socket."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])  # inet knows no zones (fe80::1%eth0)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
