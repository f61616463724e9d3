"""One call to Instantly, and what to do about every way it can fail."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from campaigns_project.outbound_http import Answer
from campaigns_project.retry_after import retry_after
from leads.providers.calls import SAID_MAX, TRIES, UNSTORABLE, ServiceClient
from leads.providers.errors import KeyRefused, LostAnswer, ProviderLimited, ProviderRefused

LIMITED_FOR = timedelta(minutes=1)  # the longest window of its limits
PAGE = 100  # the most of one page


class Missing(ProviderRefused):
    """There is nothing of that number at Instantly, or nothing any more."""


class InstantlyClient(ServiceClient):
    """Calls with one key."""

    service = "Instantly"
    back_off = (1.0, 2.0)  # it names no wait with a 429
    longest_wait = 10.0

    def get(self, path: str, params: Mapping[str, str] | None = None, *, tries: int = TRIES) -> Any:
        """The JSON of a GET."""
        return self._call("GET", path, is_safe=True, tries=tries, params=params)

    def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """A POST that changes nothing, or nothing more the second time."""
        return self._call("POST", path, is_safe=True, json=body)

    def tell(self, path: str, body: Mapping[str, Any]) -> Any:
        """A POST that must not be made twice: LostAnswer where it may have been acted upon."""
        return self._call("POST", path, is_safe=False, json=body)

    def delete(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A DELETE; what is gone already stays so."""
        request: dict[str, Any] = {} if body is None else {"json": body}
        return self._call("DELETE", path, is_safe=True, **request)

    def listed(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """All items of a list by GET, page after page."""
        after = ""
        while True:
            asked = {**(params or {}), "limit": str(PAGE), **({"starting_after": after} if after else {})}
            items, after = page_of(self.get(path, asked), path)
            yield from items
            if not items or not after:
                return

    def _headers(self, request: Mapping[str, Any]) -> dict[str, str]:
        # A content type without a body is refused over there.
        kind = {"Content-Type": "application/json"} if "json" in request else {}
        return {"Authorization": f"Bearer {self._key}", "Accept": "application/json", **kind}

    def _pause(self, answer: Answer, attempt: int, path: str, *, is_last: bool) -> float:
        """Seconds to wait before the next try; ProviderLimited where that is too long, or was done already."""
        asked = retry_after(answer.headers.get("Retry-After", ""), now=self._clock())
        if not is_last and (asked is None or asked.total_seconds() <= self.longest_wait):
            return self.back_off[attempt - 1] if asked is None else asked.total_seconds()
        raise ProviderLimited(
            f"Instantly takes no more calls of {path} for now: {self._said(answer) or 'too many requests'}.",
            retry_at=self._clock() + max(asked or LIMITED_FOR, timedelta(seconds=1)),
        )

    def _read(self, answer: Answer, path: str) -> Any:
        if answer.status >= 300:
            raise self._refusal(answer, path)
        try:
            # Nothing that no text of the database can hold comes in.
            body = json.loads(answer.text.translate(UNSTORABLE).replace("\\u0000", "\\ufffd") or "{}")
        except (ValueError, RecursionError):
            shown = self._safe(answer.text[:80])
            message = f"What Instantly answered to {path} is not JSON: “{shown}”."
            raise LostAnswer("provider_answer_unreadable", message, "Check INSTANTLY_API_URL.") from None
        if isinstance(body, dict) and body.get("error"):  # some say so with a status of 200
            message = f"Instantly said no to {path}: {self._said(answer)}."
            raise ProviderRefused("provider_refused_request", message, "", {"status": answer.status, "path": path})
        self._heard(None)
        return body

    def _refusal(self, answer: Answer, path: str) -> ProviderRefused:
        said, details = self._said(answer), {"status": answer.status, "path": path}
        if answer.status in (401, 402, 403):
            kinds = {
                401: ("provider_key_refused", f"Instantly refuses the key: {said}.", "Enter a new one."),
                402: ("provider_no_plan", f"The Instantly workspace has no plan that pays for this: {said}.", ""),
                403: ("provider_not_allowed", f"Instantly does not allow {path} to this key or plan: {said}.",
                      "Give the key the scopes that docs/instantly.md names, or change the plan."),
            }  # fmt: skip
            refusal = KeyRefused(*kinds[answer.status], details)
            self._heard(refusal)
            return refusal
        if answer.status == 404:
            return Missing("provider_missing", f"Instantly does not know {path} (any more): {said}.", "", details)
        message = f"Instantly said no to {path} (status {answer.status}): {said}."
        return ProviderRefused("provider_refused_request", message, "", details)

    def _said(self, answer: Answer) -> str:
        try:
            body = json.loads(answer.text)
        except (ValueError, RecursionError):
            body = {}
        words = body.get("message") or body.get("error") if isinstance(body, dict) else ""
        text = words if isinstance(words, str) and words else answer.text
        return self._safe(text.strip().rstrip(".")[:SAID_MAX])


def page_of(body: Any, path: str) -> tuple[list[dict[str, Any]], str]:
    """The items of a page and where the next one begins, "" after the last; LostAnswer for what is no page."""
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise LostAnswer("provider_answer_unreadable", f"What Instantly answered to {path} is no list.", "")
    after = body.get("next_starting_after")
    return items, str(after) if after and items else ""
