"""The demo's recipients: they read the mails that really arrived and use the links in them, over real HTTP."""

import email
import html
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import default as mail_policy
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from campaigns_project.runtime.mailbox.store import MailStore

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OPENERS, CLICKERS = 2, 5  # every second reader opens, every fifth clicks
MOST_READERS = 500  # enough to count, and quick with 10,000 people too
AT_ONCE = 8
_PIXEL = re.compile(r'<img[^>]+src="([^"]+/open)"')
_LINK = re.compile(r'<a[^>]+href="([^"]+/click)"')


@dataclass
class Visits:
    """What the readers did; addresses, since a person who opens twice is one person."""

    opened: set[str] = field(default_factory=set)
    clicked: set[str] = field(default_factory=set)
    unsubscribed: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


def received(message_ids: set[str], *, since: datetime) -> Iterator[tuple[str, EmailMessage]]:
    """The mails that came `since` then with one of these Message-IDs, each with the address it was delivered to.

    The mailbox may be older than the database and hold mails of the same numbers from a life before.
    """
    first = int(since.timestamp())
    for key, raw in MailStore(settings.MAILBOX_DIR).iter_messages():
        if int(key.partition(".")[0]) < first:
            continue
        message = email.message_from_bytes(raw, policy=mail_policy)
        if message["Message-ID"] in message_ids:
            yield str(message["X-Envelope-To"]), message


def visit(mails: Sequence[tuple[str, EmailMessage]], *, on_progress: Callable[[], None]) -> Visits:
    """Every second reader opens, every fifth clicks, and one unsubscribes with the one-click POST of RFC 8058."""
    visits = Visits()
    readers = mails[:MOST_READERS]
    with httpx.Client(headers={"User-Agent": BROWSER}, timeout=30) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        if mails:
            _unsubscribe(client, visits, *mails[-1])  # the latest first: before a follow-up is on its way
        for _ in pool.map(lambda numbered: _read(client, visits, *numbered), enumerate(readers)):
            on_progress()
    return visits


def _read(client: httpx.Client, visits: Visits, number: int, mail: tuple[str, EmailMessage]) -> None:
    address, message = mail
    body = message.get_body(("html",))
    text = body.get_content() if body else ""
    clicks = number % CLICKERS == 0
    wanted = [(_PIXEL, 200, visits.opened)] if number % OPENERS == 0 or clicks else []
    wanted += [(_LINK, 302, visits.clicked)] if clicks else []
    for pattern, status, done in wanted:
        answer = _follow(client, pattern.search(text))
        if answer == status:
            done.add(address)
        else:
            visits.refused.append(f"{address}: {answer} instead of {status} for {pattern.pattern}")


def _follow(client: httpx.Client, found: re.Match[str] | None) -> int:
    """The status of the answer; 0 where the mail has no such address."""
    return client.get(_reachable(html.unescape(found[1]))).status_code if found else 0


def _unsubscribe(client: httpx.Client, visits: Visits, address: str, message: EmailMessage) -> None:
    url = str(message["List-Unsubscribe"]).strip("<>")
    answer = client.post(_reachable(url), data={"List-Unsubscribe": "One-Click"})
    if answer.is_success:
        visits.unsubscribed.add(address)
    else:
        visits.refused.append(f"{address}: {answer.status_code} on unsubscribing")


def _reachable(url: str) -> str:
    """The link as found, asked of the web process on this machine: PUBLIC_URL may be an address of elsewhere."""
    parts = urlsplit(url)
    return parts._replace(scheme="http", netloc=f"{settings.WEB_HOST}:{settings.WEB_PORT}").geturl()
