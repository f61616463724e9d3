"""Whom a failed login is counted against: the account that was meant, and the line it was tried from.

One spelling of an address or one of many addresses of a line must not be another count, or nobody is ever locked out.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from campaigns_project.client_address import client_address

V6_LINE = 64  # bits: what one customer gets at the least (RFC 6177), with 2**64 addresses to come from


def account_meant(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str:
    """The login name as `UserManager.get_by_natural_key` finds the account by it: in any case."""
    name = settings.AXES_USERNAME_FORM_FIELD
    given = credentials.get(name) if credentials else request.POST.get(name) if request is not None else None
    # By way of capitals, as Postgres compares: a dotless i and a long s become the letters they are taken for.
    return str(given or "").strip().upper().lower()


def line_of(request: HttpRequest) -> str | None:
    """The client's address; of IPv6 the first one of its network, since all of them are the same client's."""
    address = client_address(request)
    if address is None or ipaddress.ip_address(address).version == 4:
        return address
    return str(ipaddress.ip_network((address, V6_LINE), strict=False).network_address)
