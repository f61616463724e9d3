"""How many requests a caller of the API may send: enough for any program, and no endless loop of one."""

from collections import Counter
from dataclasses import dataclass
from math import ceil
from threading import Lock
from time import time
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from campaigns_project.client_address import client_address

WINDOW = 60  # seconds


@dataclass(frozen=True)
class Rate:
    """How many requests a caller may send in this minute, how many are left, and when the next begins."""

    limit: int
    remaining: int
    reset: int  # seconds since 1970

    @property
    def headers(self) -> dict[str, str]:
        """As many APIs have them; the IETF's own are still a draft."""
        return {f"X-RateLimit-{name.title()}": str(value) for name, value in vars(self).items()}


def tell_the_rate(response: Any, view: Any) -> None:
    """Put the headers on the answer to a request that was counted: not before it was known who asks."""
    for name, value in view.rate.headers.items() if hasattr(view, "rate") else ():
        response[name] = value


class PerCaller(BaseThrottle):
    """Refuses a key, a person or an address what is beyond API_REQUESTS_PER_MINUTE, until the minute is over.

    Each web process counts for itself, which asks nobody: the limit is there for loops, and not to share out anything.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        self.now = time()
        window, limit = int(self.now // WINDOW), settings.API_REQUESTS_PER_MINUTE
        came = _counts.count(_caller(request), window=window)
        view.rate = Rate(limit, max(limit - came, 0), (window + 1) * WINDOW)
        return came <= limit

    def wait(self) -> int:
        """Seconds, for the header Retry-After."""
        return ceil(WINDOW - self.now % WINDOW)


class _Counts:
    """How often each caller came in the present window; those of the one before are forgotten."""

    def __init__(self) -> None:
        self._lock, self._window, self._by_caller = Lock(), 0, Counter[str]()

    def count(self, caller: str, *, window: int) -> int:
        with self._lock:
            if window != self._window:
                self._window = window
                self._by_caller.clear()
            self._by_caller[caller] += 1
            return self._by_caller[caller]


_counts = _Counts()


def _caller(request: Request) -> str:
    if request.auth is not None:
        return f"key {request.auth.pk}"  # one program's loop is not to stop the others of its organization
    if request.user.is_authenticated:
        return f"person {request.user.pk}"
    return f"address {client_address(request._request)}"
