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
    known = Link.objects.filter(campaign=campaign, url_hash__in=by_hash)
    found = dict(known.values_list("url_hash", "pk"))
    new = [Link(campaign=campaign, url=url, url_hash=key) for key, url in by_hash.items() if key not in found]
    if new:
        Link.objects.bulk_create(new, ignore_conflicts=True)
        found = dict(known.values_list("url_hash", "pk"))
    return {by_hash[key]: pk for key, pk in found.items()}


def open_url(message_id: int) -> str:
    """Where the open pixel of a message is."""
    return _url(tokens.sign(Purpose.OPEN, message_id), "open")


def click_url(message_id: int, link_id: int) -> str:
    """Where a link of a message leads first."""
    return _url(tokens.sign(Purpose.CLICK, message_id, link_id), "click")


def unsubscribe_url(message_id: int, lead_id: int = 0) -> str:
    """Where the recipient of a message opts out, also after its campaign is gone; the one-click address of RFC 8058."""
    return _url(tokens.sign(Purpose.UNSUBSCRIBE, message_id, lead_id), "unsubscribe")


def _url(token: str, action: str) -> str:
    return f"{settings.PUBLIC_URL}/t/{token}/{action}"
