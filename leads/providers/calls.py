"""Calls to a service with a key, made again where that is safe: what the clients of all providers share."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from campaigns_project.outbound_http import Answer, NoAnswer, exchange
from leads.providers.errors import Heard, KeyRefused, LostAnswer, ProviderUnreachable

SECONDS = 60.0  # for one answer; a thousand leads, or enriching ten people, take a few
TRIES = 3
SAID_MAX = 300  # characters of what a service says that are shown
# What no text of the database can hold, with a mark in its place.
UNSTORABLE = {0: "\N{REPLACEMENT CHARACTER}", **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")}
_KEY = re.compile("[!-~]{1,500}")


class ServiceClient(ABC):
    """Calls with one key. `wait` is how it waits, `clock` when it is."""

    service: ClassVar[str]  # its name in messages
    back_off: ClassVar[tuple[float, ...]]  # seconds before the second and each further try
    longest_wait: ClassVar[float]  # seconds that are waited out in a task; whatever takes longer is asked again later

    def __init__(
        self,
        *,
        api_key: str,
        url: str,
        heard: Heard = lambda _refused: None,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        self._key = api_key
        self._url = url.rstrip("/")
        self._heard = heard
        self._wait = wait
        self._clock = clock

    @abstractmethod
    def _headers(self, request: Mapping[str, Any]) -> dict[str, str]:
        """The headers of a request, with the key."""

    @abstractmethod
    def _pause(self, answer: Answer, attempt: int, path: str, *, is_last: bool) -> float:
        """Seconds to wait after a 429; ProviderLimited where that is too long, or was done already."""

    @abstractmethod
    def _read(self, answer: Answer, path: str) -> Any:
        """What any other answer below 500 says; ProviderRefused where that is no."""

    def _call(self, method: str, path: str, *, is_safe: bool, tries: int = TRIES, **request: Any) -> Any:
        """What the answer says. Where the call is not `is_safe` it is not made again once it may have been acted upon:
        LostAnswer."""
        self._check_key()
        headers = self._headers(request)
        for attempt in range(1, tries + 1):
            is_last = attempt == tries
            try:
                answer = exchange(method, f"{self._url}/{path}", headers=headers, seconds=SECONDS, **request)
            except NoAnswer as none:
                if is_last or (none.may_have_arrived and not is_safe):
                    raise self._unreachable(none.why, may_have_arrived=none.may_have_arrived) from None
                self._wait(self.back_off[attempt - 1])
                continue
            if answer.status == 429:
                self._wait(self._pause(answer, attempt, path, is_last=is_last))
            elif answer.status >= 500:
                if is_last or not is_safe:
                    raise self._unreachable(f"status {answer.status}", may_have_arrived=True)
                self._wait(self.back_off[attempt - 1])
            else:
                return self._read(answer, path)
        raise RuntimeError("The last try answers or raises.")

    def _check_key(self) -> None:
        """A line break in a key would end up in the headers."""
        if not _KEY.fullmatch(self._key):
            message = f"The key for {self.service} has characters no key has."
            raise KeyRefused("provider_key_refused", message, "Enter it again.")

    def _unreachable(self, why: str, *, may_have_arrived: bool) -> ProviderUnreachable:
        kind = LostAnswer if may_have_arrived else ProviderUnreachable
        message = f"{self.service} gave no answer: {self._safe(why)}."
        return kind("provider_unreachable", message, "It is likely to pass, and is tried again.")

    def _safe(self, text: str) -> str:
        """The text on one line, without the key."""
        return "".join(c if c.isprintable() else " " for c in text.replace(self._key, "…"))
