"""Tell people from programs: who opened a mail, or followed a link in it, as far as the user agent says.

Most scanners pose as browsers and cannot be told by this; what it calls a machine is one.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from crawlerdetect import CrawlerDetect
from django.db import models

from tracking.models import EventType

LOOKED_AT = 300  # characters; real ones are shorter, and crawlerdetect's time grows with the length
REMEMBERED = 20_000  # user agents; some megabytes, and a busy day has a few thousand


class MachineReason(models.TextChoices):
    """Why an event does not count as a person's."""

    NO_USER_AGENT = "no_user_agent", "No user agent"
    PRIVACY_PROXY = "privacy_proxy", "Fetched ahead by Apple's mail privacy proxy"
    PREFETCH = "prefetch", "Fetched ahead by Gmail"
    IMAGE_PROXY = "image_proxy", "An image proxy, which nobody clicks through"
    SCANNER = "scanner", "A security scanner"
    CRAWLER = "crawler", "A crawler, preview or script"


@lru_cache(maxsize=REMEMBERED)
def why_machine(user_agent: str, event_type: str) -> str:
    """The MachineReason, or "" for a person. The same user agent can be a person's for an open and not for a click."""
    agent = user_agent[:LOOKED_AT].strip()
    if event_type == EventType.OPEN and _shows_mail(agent):
        return ""
    return next((reason.value for reason, says_so in _TELLS if says_so(agent)), "")


def _shows_mail(agent: str) -> bool:
    return bool(_MAIL_PROGRAM.search(agent) or _IMAGE_PROXY.search(agent)) and not _OFFICE_PROBE.search(agent)


def _is_crawler(agent: str) -> bool:
    return CrawlerDetect().is_crawler(agent)


# These fetch when a person opens the mail; crawlerdetect takes all of them for crawlers.
_IMAGE_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy")
_MAIL_PROGRAM = re.compile(
    r"Microsoft Outlook|Microsoft Office/|Outlook-|MacOutlook/|Airmail|Canary%20Mail|Polymail/|^Mail/"
)
# Office asks these of a link's server by itself.
_OFFICE_PROBE = re.compile(r"(Protocol|Existence) Discovery")
# All that Apple's proxy says of itself, and no browser says so little. It fetches when the mail arrives, read or not.
_APPLE_PROXY = "Mozilla/5.0"
# What Gmail says when it fetches before showing the mail; no browser has this ending.
_GMAIL_PREFETCH = "Edge/12.246 Mozilla/5.0"
_SCANNER = re.compile(
    r"barracuda|proofpoint|mimecast|symantec|sophos|forti(net|guard|gate)|trend ?micro|bitdefender|clamav|zscaler"
    r"|safelinks|cloudmark|forcepoint|trustwave|ironport|urlscan|phish|virustotal",
    re.IGNORECASE,
)
_TELLS: tuple[tuple[MachineReason, Callable[[str], object]], ...] = (
    (MachineReason.NO_USER_AGENT, lambda agent: not agent),
    (MachineReason.PRIVACY_PROXY, lambda agent: agent == _APPLE_PROXY),
    (MachineReason.PREFETCH, lambda agent: agent.endswith(_GMAIL_PREFETCH)),
    (MachineReason.IMAGE_PROXY, _IMAGE_PROXY.search),
    (MachineReason.SCANNER, _SCANNER.search),
    (MachineReason.CRAWLER, _is_crawler),
)
