"""One call to Apollo, and what to do about every way it can fail."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from campaigns_project.outbound_http import Answer
from campaigns_project.retry_after import retry_after
from leads.providers.calls import SAID_MAX, TRIES, UNSTORABLE, ServiceClient
from leads.providers.errors import KeyRefused, LostAnswer, ProviderLimited, ProviderRefused

WINDOWS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
DEPTH_MAX = 50  # of an answer; those of today have 5


class ApolloClient(ServiceClient):
    """Calls with one key."""

    service = "Apollo"
    back_off = (1.0, 4.0)
    longest_wait = 30.0

    def get(self, path: str, *, tries: int = TRIES) -> dict[str, Any]:
        """The JSON of a GET."""
        return self._call("GET", path, is_safe=True, tries=tries)

    def search(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A POST that may be made as often as one likes."""
        return self._call("POST", path, is_safe=True, json=body)

    def buy(self, path: str, body: Mapping[str, Any], params: Mapping[str, str]) -> dict[str, Any]:
        """A POST that costs: never made again where it may have been acted upon, which is a LostAnswer."""
        return self._call("POST", path, is_safe=False, json=body, params=params)

    def _headers(self, _request: Mapping[str, Any]) -> dict[str, str]:
        return {
            "x-api-key": self._key,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Cache-Control": "no-cache",
        }

    def _pause(self, answer: Answer, _attempt: int, path: str, *, is_last: bool) -> float:
        """Seconds to wait before the next try; ProviderLimited where that is too long, or was done already."""
        said = self._said(answer)
        window = next((name for name, _ in WINDOWS if f"per {name}" in said.lower()), _used_up(answer))
        asked = retry_after(answer.headers.get("Retry-After", ""), now=self._clock())
        if asked is None:
            asked = dict(WINDOWS)[window] if window else timedelta(minutes=1)
        seconds = asked.total_seconds()
        if is_last or seconds > self.longest_wait or window in ("hour", "day"):
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
