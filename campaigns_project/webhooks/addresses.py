"""Where events may be sent, and what everybody may see of it."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from campaigns_project.errors import Refused
from campaigns_project.outbound import AddressNotAllowed, is_allowed

LONGEST = 2_000
LONGEST_SHOWN = 600


def check_address(url: str) -> str:
    """`url` as it is kept; Refused, naming the field, where no event could ever be sent there.

    A name is not looked up: DNS may be away for a moment, and what it says may change. Each try asks it anew.
    """
    url = url.strip()
    parts = _parts(url)
    if parts.scheme == "http" and parts.hostname not in settings.OUTBOUND_ALLOW_HOSTS:
        raise Refused(
            "webhook_not_encrypted",
            f"The address at {(parts.hostname or '')[:253]!a} is not https, so what is told would go over the line in "
            "the clear.",
            "Write it with https; a host inside one's own network has to stand in OUTBOUND_ALLOW_HOSTS.",
            {"field": "url"},
        )
    _refuse_private(parts.hostname or "")
    return url


def shown(url: str) -> str:
    """The address without what stands behind a ?, where tokens are."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:LONGEST_SHOWN]


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or len(url) > LONGEST or not url.isascii() or any(each <= " " or each == "\x7f" for each in url):
        raise _unfit(f"An address is one line of {LONGEST:,} characters at most, such as https://example.com/hooks.")
    if parts.username is not None or parts.password is not None:
        raise _unfit("An address cannot carry a user name or a password. Check the signature instead.")
    return parts


def _unfit(hint: str) -> Refused:
    return Refused("webhook_address", "Events cannot be sent to this address.", hint, {"field": "url"})


def _refuse_private(host: str) -> None:
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        return  # a name, or a spelling that is judged by what it means when it is connected to
    if host not in settings.OUTBOUND_ALLOW_HOSTS and not is_allowed(address):
        refused = AddressNotAllowed(host, address)
        raise Refused(refused.code, refused.message, refused.hint, {**refused.details, "field": "url"})
