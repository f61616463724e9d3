"""One call to Instantly, and what to do about every way it can fail."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from campaigns_project.outbound_http import Answer, NoAnswer, exchange
from campaigns_project.retry_after import retry_after
from leads.providers.errors import KeyRefused, ProviderLimited, ProviderRefused, ProviderUnreachable

SECONDS = 60.0  # for one answer; a thousand leads take a few
TRIES = 3
BACK_OFF = (1.0, 2.0)  # seconds before the second and the third try: Instantly names no wait with a 429
LONGEST_WAIT = 10.0  # waited out in a task; whatever takes longer is asked again later
LIMITED_FOR = timedelta(minutes=1)  # the longest window of its limits
PAGE = 100  # the most of one page
SAID_MAX = 300  # characters of what it says that are shown
UNSTORABLE = {0: "\N{REPLACEMENT CHARACTER}", **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")}

Heard = Callable[[KeyRefused | None], None]


class LostAnswer(ProviderUnreachable):
    """The call may have been acted upon, and nobody knows: look before it is made again."""


class Missing(ProviderRefused):
    """There is nothing of that number at Instantly, or nothing any more."""


class InstantlyClient:
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
        request: dict[str, Any] = {"json": body} if body is not None else {}
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

    def _call(self, method: str, path: str, *, is_safe: bool, tries: int = TRIES, **request: Any) -> Any:
        for attempt in range(1, tries + 1):
            is_last = attempt == tries
            try:
                answer = exchange(method, f"{self._url}/{path}", headers=self._headers(request), seconds=SECONDS,
                                  **request)  # fmt: skip
            except NoAnswer as none:
                if is_last or (none.may_have_arrived and not is_safe):
                    raise self._unreachable(none.why, may_have_arrived=none.may_have_arrived) from None
                self._wait(BACK_OFF[attempt - 1])
                continue
            if answer.status == 429:
                self._wait(self._pause(answer, attempt, path, is_last=is_last))
            elif answer.status >= 500:
                if is_last or not is_safe:
                    raise self._unreachable(f"status {answer.status}", may_have_arrived=True)
                self._wait(BACK_OFF[attempt - 1])
            else:
                return self._read(answer, path)
        raise RuntimeError("The last try answers or raises.")

    def _headers(self, request: Mapping[str, Any]) -> dict[str, str]:
        # A content type without a body is refused over there.
        kind = {"Content-Type": "application/json"} if "json" in request else {}
        return {"Authorization": f"Bearer {self._key}", "Accept": "application/json", **kind}

    def _unreachable(self, why: str, *, may_have_arrived: bool) -> ProviderUnreachable:
        kind = LostAnswer if may_have_arrived else ProviderUnreachable
        return kind("provider_unreachable", f"Instantly gave no answer: {self._safe(why)}.", "It is tried again.")

    def _pause(self, answer: Answer, attempt: int, path: str, *, is_last: bool) -> float:
        """Seconds to wait before the next try; ProviderLimited where that is too long, or was done already."""
        asked = retry_after(answer.headers.get("Retry-After", ""), now=self._clock())
        if not is_last and (asked is None or asked.total_seconds() <= LONGEST_WAIT):
            return BACK_OFF[attempt - 1] if asked is None else asked.total_seconds()
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

    def _safe(self, text: str) -> str:
        return "".join(c if c.isprintable() else " " for c in text.replace(self._key, "…"))


def page_of(body: Any, path: str) -> tuple[list[dict[str, Any]], str]:
    """The items of a page and where the next one begins, "" after the last; LostAnswer for what is no page."""
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise LostAnswer("provider_answer_unreadable", f"What Instantly answered to {path} is no list.", "")
    after = body.get("next_starting_after")
    return items, str(after) if after and items else ""
