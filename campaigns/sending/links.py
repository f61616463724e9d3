"""Addresses of tracking, and the stored targets clicks may lead to."""

import hashlib
from collections.abc import Iterable

from django.conf import settings

from campaigns import tokens
from campaigns.models import Campaign, Link
from campaigns.tokens import Purpose


def store_links(campaign: Campaign, urls: Iterable[str]) -> dict[str, int]:
    """The ids of these targets in `campaign`, stored where they are new."""
    # In one order everywhere: two workers that store the same ones would else wait for each other.
    by_hash = dict(sorted((hashlib.sha256(url.encode()).hexdigest(), url) for url in set(urls)))
    if not by_hash:
        return {}
    known = Link.objects.filter(campaign=campaign, url_hash__in=by_hash)
    found = dict(known.values_list("url_hash", "pk"))
    new = [Link(campaign=campaign, url=url, url_hash=key) for key, url in by_hash.items() if key not in found]
    if new:
        Link.objects.bulk_create(new, ignore_conflicts=True)
        found = dict(known.values_list("url_hash", "pk"))
    return {by_hash[key]: pk for key, pk in found.items()}


class Addresses:
    """The addresses of tracking under the present key and PUBLIC_URL, for all mails of a chunk."""

    __slots__ = ("_click", "_open", "_prefix", "_unsubscribe")

    def __init__(self) -> None:
        self._prefix = f"{settings.PUBLIC_URL}/t/"
        self._open = tokens.signer(Purpose.OPEN)
        self._click = tokens.signer(Purpose.CLICK)
        self._unsubscribe = tokens.signer(Purpose.UNSUBSCRIBE)

    def open_url(self, message_id: int) -> str:
        """Where the open pixel of a message is."""
        return f"{self._prefix}{self._open.sign(message_id)}/open"

    def click_url(self, message_id: int, link_id: int) -> str:
        """Where a link of a message leads first."""
        return f"{self._prefix}{self._click.sign(message_id, link_id)}/click"

    def unsubscribe_url(self, message_id: int, lead_id: int = 0) -> str:
        """Where the recipient of a message opts out, also after its campaign is gone.

        The one-click address of RFC 8058, too.
        """
        return f"{self._prefix}{self._unsubscribe.sign(message_id, lead_id)}/unsubscribe"


def unsubscribe_url(message_id: int, lead_id: int = 0) -> str:
    """The one of a single mail; see Addresses."""
    return Addresses().unsubscribe_url(message_id, lead_id)
