"""Where a request came from, as far as it can be believed: for events of mails, the audit log and failed logins."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

_WITH_PORT = re.compile(r"([0-9.]+|\[[^]]+\]):\d+")  # as some proxies write it


def client_address(request: HttpRequest) -> str | None:
    """The client's address in a form Postgres' inet takes; None where there is none, as with a local socket.

    It is the peer; behind proxies of ours (BEHIND_PROXY), the hop of X-Forwarded-For that the outermost of them
    (PROXIES) added. Entries further left are whatever the client itself sent.
    """
    peer = _address(request.META.get("REMOTE_ADDR") or "")
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if not settings.BEHIND_PROXY or not hops:
        return peer
    return _address(hops[-min(settings.PROXIES, len(hops))]) or peer


def _address(text: str) -> str | None:
    without_port = _WITH_PORT.fullmatch(text)
    try:
        # inet knows no zones (fe80::1%eth0)
        address = ipaddress.ip_address((without_port[1] if without_port else text).strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
