"""Where a request came from, as far as it can be believed: for events of mails, the audit log and failed logins."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The client's address in a form Postgres' inet takes; None where there is none, as with a local socket.

    It is the peer; behind a proxy of ours (BEHIND_PROXY), the last hop of X-Forwarded-For that is not one of our own
    network. Entries further left are whatever the client itself sent.
    """
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if not settings.BEHIND_PROXY or not hops:
        return _address(request.META.get("REMOTE_ADDR") or "")
    return _address(next((hop for hop in reversed(hops) if _is_public(hop)), hops[-1]))


def _is_public(hop: str) -> bool:
    address = _address(hop)
    return address is not None and ipaddress.ip_address(address).is_global


def _address(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])  # inet knows no zones (fe80::1%eth0)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
