"""One call to Apollo, and what to do about every way it can fail."""

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from campaigns_project.outbound_http import Answer, NoAnswer, exchange
from campaigns_project.retry_after import retry_after
from leads.providers.base import Heard
from leads.providers.errors import KeyRefused, ProviderLimited, ProviderRefused, ProviderUnreachable

SECONDS = 60.0  # for one answer; enriching ten people takes a few
TRIES = 3
BACK_OFF = (1.0, 4.0)  # seconds before the second and the third try
LONGEST_WAIT = 30.0  # waited out in a task; whatever takes longer is asked again later
WINDOWS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
DEPTH_MAX = 50  # of an answer; those of today have 5
UNSTORABLE = {0: "\N{REPLACEMENT CHARACTER}", **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")}
SAID_MAX = 300  # characters of what it says that are shown


class ApolloClient:
    """Calls with one key. `wait` is how it waits, `clock` when it is."""

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

    def get(self, path: str, *, tries: int = TRIES) -> dict[str, Any]:
        """The JSON of a GET."""
        return self._call("GET", path, tries=tries, is_safe=True)

    def search(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A POST that may be made as often as one likes."""
        return self._call("POST", path, json=body, tries=TRIES, is_safe=True)

    def buy(self, path: str, body: Mapping[str, Any], params: Mapping[str, str]) -> dict[str, Any]:
        """A POST that costs: never made again where it may have been acted upon, which is a LostAnswer."""
        return self._call("POST", path, json=body, params=params, tries=TRIES, is_safe=False)

    def _call(self, method: str, path: str, *, tries: int, is_safe: bool, **request: Any) -> dict[str, Any]:
        self._check_key()
        for attempt in range(1, tries + 1):
            is_last = attempt == tries
            try:
                answer = exchange(method, f"{self._url}/{path}", headers=self._headers(), seconds=SECONDS, **request)
            except NoAnswer as none:
                if is_last or (none.may_have_arrived and not is_safe):
                    raise self._unreachable(none.why, may_have_arrived=none.may_have_arrived) from None
                self._wait(BACK_OFF[attempt - 1])
                continue
            if answer.status == 429:
                self._wait(self._pause(answer, path, is_last=is_last))
            elif answer.status >= 500:
                if is_last or not is_safe:
                    raise self._unreachable(f"status {answer.status}", may_have_arrived=True)
                self._wait(BACK_OFF[attempt - 1])
            else:
                return self._read(answer, path)
        raise RuntimeError("The last try answers or raises.")

    def _headers(self) -> dict[str, str]:
        return {
            "x-api-key": self._key,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Cache-Control": "no-cache",
        }

    def _check_key(self) -> None:
        """A line break in a key would end up in the headers."""
        if not re.fullmatch("[!-~]{1,500}", self._key):
            raise KeyRefused("provider_key_refused", "The key for Apollo has characters no key has.", "Enter it again.")

    def _unreachable(self, why: str, *, may_have_arrived: bool) -> ProviderUnreachable:
        kind = LostAnswer if may_have_arrived else ProviderUnreachable
        return kind("provider_unreachable", f"Apollo gave no answer: {self._safe(why)}.", "It is likely to pass.")

    def _pause(self, answer: Answer, path: str, *, is_last: bool) -> float:
        """Seconds to wait before the next try; ProviderLimited where that is too long, or was done already."""
        said = self._said(answer)
        window = next((name for name, _ in WINDOWS if f"per {name}" in said.lower()), _used_up(answer))
        asked = retry_after(answer.headers.get("Retry-After", ""), now=self._clock())
        if asked is None:
            asked = dict(WINDOWS)[window] if window else timedelta(minutes=1)
        seconds = asked.total_seconds()
        if is_last or seconds > LONGEST_WAIT or window in ("hour", "day"):
            raise ProviderLimited(
                f"Apollo takes no more calls of {path} for now: {said or 'too many requests'}",
                retry_at=self._clock() + timedelta(seconds=max(seconds, 1.0)),
            )
        return seconds

    def _read(self, answer: Answer, path: str) -> dict[str, Any]:
        if answer.status >= 300:
            refusal = self._refusal(answer, path)
            if isinstance(refusal, KeyRefused):
                self._heard(refusal)
            raise refusal
        try:
            body = _storable(json.loads(answer.body, parse_constant=_no_number))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise LostAnswer(
                "provider_answer_unreadable",
                f"What Apollo answered to {path} is not JSON: “{self._safe(answer.text[:80])}”.",
                "Check APOLLO_API_URL.",
            )
        self._heard(None)
        return body

    def _refusal(self, answer: Answer, path: str) -> ProviderRefused:
        said = self._said(answer)
        details = {"status": answer.status, "path": path}
        if answer.status == 401:
            message = f"Apollo refuses the key: {said}"
            return KeyRefused("provider_key_refused", message, "Enter a new one under Provider accounts.", details)
        if answer.status == 403:
            message = f"Apollo does not allow {path} to this key or plan: {said}"
            hint = "Give the key access to it in Apollo (or make it a master key), or change the plan."
            return KeyRefused("provider_not_allowed", message, hint, details)
        if answer.status == 402 or (answer.status == 422 and "credit" in said.lower()):
            message = f"Apollo has no credits left: {said}"
            hint = "Buy credits at Apollo, or wait for the next month."
            return ProviderRefused("provider_no_credits", message, hint, details)
        return _not_taken(said, path, details)

    def _said(self, answer: Answer) -> str:
        """What the answer says in words, of whichever shape; the key is never in it."""
        return self._safe(_sentence(answer.text).strip()[:SAID_MAX])

    def _safe(self, text: str) -> str:
        return "".join(c if c.isprintable() else " " for c in text.replace(self._key, "…"))


class LostAnswer(ProviderUnreachable):
    """The call may have been acted upon, and nobody knows what came of it."""


def _not_taken(said: str, path: str, details: Mapping[str, Any]) -> ProviderRefused:
    if details["status"] == 422 and "deprecated" in said.lower():
        message = f"Apollo has given up {path}: {said}"
        return ProviderRefused("provider_deprecated", message, "Turn APOLLO_LEGACY_SEARCH off.", details)
    if details["status"] == 422 and "over threshold" in said.lower():
        return ProviderRefused(
            "provider_window", f"Apollo shows no more of one search: {said}", "Narrow the search.", details
        )
    message = f"Apollo said no to {path} (status {details['status']}): {said}"
    return ProviderRefused("provider_refused_request", message, "Check the filters and APOLLO_API_URL.", details)


def _sentence(text: str) -> str:
    """The message of an error as text, JSON, or JSON within the message of JSON."""
    for _ in range(3):
        try:
            body = json.loads(text)
        except ValueError:
            return text
        if not isinstance(body, dict):
            return text
        found = next((body[key] for key in ("error_message", "error", "message") if body.get(key)), "")
        if not isinstance(found, str) or not found:
            return str(body.get("error_code") or "no reason given")
        text = found
    return text


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _storable(value: Any, depth: int = 0) -> Any:
    """The same with a mark in the place of what no text of the database can hold; ValueError where it is too deep."""
    if depth > DEPTH_MAX:
        raise ValueError("too deep")
    if isinstance(value, dict):
        return {key.translate(UNSTORABLE): _storable(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_storable(each, depth + 1) for each in value]
    return value.translate(UNSTORABLE) if isinstance(value, str) else value


def _used_up(answer: Answer) -> str:
    """The longest window of which the headers say that nothing is left; an unlimited one has an empty header."""
    names = {"day": ("24-hour", "daily"), "hour": ("hourly",), "minute": ("minute",)}
    for window, headers in names.items():
        if any(answer.headers.get(f"x-{name}-requests-left") == "0" for name in headers):
            return window
    return ""
