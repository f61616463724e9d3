"""A stand-in for Apollo's API, over real HTTP: what it is known to do, right and wrong.

For trying things out by hand: `python -m leads.tests.providers.fake_apollo --port 8090`, then start Fairlead with
APOLLO_API_URL=http://127.0.0.1:8090/api/v1 and OUTBOUND_ALLOW_HOSTS=127.0.0.1; the key is `master-key`.
"""

import argparse
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from typing import Any, ClassVar
from urllib.parse import urlsplit

from leads.tests.providers.fake_people import Person

EVERYBODY = 275_000_000  # what it says there are where it understood no filter
THRESHOLD = 50_000
WINDOWS = {"minute": "minute", "hour": "hourly", "day": "24-hour"}
KEY_REFUSED = "Invalid API key. Please check your key."
PLACEHOLDER_LIMITS = {"minute": 200, "hour": 6_000, "day": 50_000}


@dataclass
class Reply:
    """An answer as it goes over the line."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    is_dropped: bool = False  # the work is done, and the connection closed before the answer
    raw: bytes | None = None

    @property
    def content(self) -> tuple[bytes, str]:
        if self.raw is not None:
            return self.raw, "application/json"
        if isinstance(self.body, str):
            return self.body.encode(), "text/plain; charset=utf-8"
        return json.dumps(self.body).encode(), "application/json"


@dataclass
class Call:
    """A request as it came."""

    path: str
    body: dict[str, Any]
    headers: Mapping[str, str]
    query: str


class FakeApollo:
    """The state behind the server; a test sets what it wants to meet, and looks at what was asked."""

    def __init__(self, people: int = 25):
        self.people = [Person(number) for number in range(people)]
        self.keys: dict[str, set[str]] = {"master-key": {"*"}}  # key: the paths it may ask; * is all of them
        self.limits: dict[str, dict[str, int]] = defaultdict(lambda: dict(PLACEHOLDER_LIMITS))
        self.used: Counter[tuple[str, str]] = Counter()
        self.calls: list[Call] = []
        self.sold: Counter[str] = Counter()  # how often each person was paid for
        self.credit_each: float = 1
        self.credits_left: float = 1_000_000
        self.has_legacy = False
        self.is_short_of: set[str] = set()  # ids left out of an answer without a word
        self.is_null_for: set[str] = set()  # ids with null in their place
        self.is_twice: set[str] = set()
        self.replies: dict[str, list[Reply | Callable[[Reply], Reply]]] = defaultdict(list)
        self.lock = threading.Lock()
        self.url = ""

    def next_reply(self, path: str, *replies: Reply | Callable[[Reply], Reply]) -> None:
        """Answer the next calls of `path` so, or with what a function makes of the answer."""
        self.replies[path].extend(replies)

    def asked(self, path: str) -> list[Call]:
        """The calls of `path`, in order."""
        return [call for call in self.calls if call.path == path]

    def answer(self, method: str, path: str, call: Call) -> Reply:
        with self.lock:
            self.calls.append(call)
            reply = self._refused(path, call) or self._limited(path)
            if reply:
                return reply
            planned = self.replies[path].pop(0) if self.replies[path] else None
            if isinstance(planned, Reply) and not planned.is_dropped:
                return planned
            reply = self._routed(method, path, call)
            if isinstance(planned, Reply):
                return planned
            reply = planned(reply) if planned else reply
            return Reply(reply.status, reply.body, {**self._counts(path), **reply.headers}, reply.is_dropped, reply.raw)

    def _refused(self, path: str, call: Call) -> Reply | None:
        key = next((value for name, value in call.headers.items() if name.lower() == "x-api-key"), "")
        if key not in self.keys:
            return Reply(401, KEY_REFUSED)
        if not {"*", path} & self.keys[key]:
            return Reply(
                403, {"error": f"api/v1/{path} is not accessible with this api_key.", "error_code": "API_INACCESSIBLE"}
            )
        return None

    def _limited(self, path: str) -> Reply | None:
        for window in WINDOWS:
            self.used[path, window] += 1
        for window, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 2)):
            limit = self.limits[path][window]
            if self.used[path, window] > limit:
                said = f"The maximum number of api calls allowed for api/v1/{path} is {limit} times per {window}."
                nested = json.dumps({"message": f"{said} Please upgrade your plan."})
                self.used[path, "minute"] = 0  # the window of the next call is a new one
                return Reply(429, {"message": nested}, {"retry-after": str(seconds), **self._counts(path)})
        return None

    def _counts(self, path: str) -> dict[str, str]:
        headers = {}
        for window, name in WINDOWS.items():
            limit, used = self.limits[path][window], self.used[path, window]
            usage = {"minute": "minute", "hour": "hourly", "day": "24-hour"}[window]
            headers[f"x-rate-limit-{name}"] = str(limit)
            headers[f"x-{usage}-usage"] = str(used)
            headers[f"x-{usage}-requests-left"] = str(max(limit - used, 0))
        return headers

    def _routed(self, method: str, path: str, call: Call) -> Reply:
        routes: dict[tuple[str, str], Callable[[], Reply]] = {
            ("GET", "users/api_profile"): lambda: Reply(200, {"user": {"id": "5f1", "email": "me@fairlead.example"}}),
            ("GET", "auth/health"): lambda: Reply(200, {"is_logged_in": True}),
            ("POST", "mixed_people/api_search"): lambda: self._search(call.body, is_legacy=False),
            ("POST", "mixed_people/search"): lambda: self._legacy_search(call.body),
            ("POST", "contacts/search"): lambda: self._contacts(call.body),
            ("POST", "people/bulk_match"): lambda: self._bulk_match(call.body),
        }
        return routes.get((method, path), lambda: Reply(404, {"error": "Not found"}))()

    def _legacy_search(self, body: dict[str, Any]) -> Reply:
        if not self.has_legacy:
            return _unprocessable(
                "This endpoint is deprecated for API callers. Please use mixed_people/api_search instead."
            )
        return self._search(body, is_legacy=True)

    def _search(self, body: dict[str, Any], *, is_legacy: bool) -> Reply:
        if {"q_organization_domains", "q_organization_domains_list"} <= set(body):
            return _unprocessable("q_organization_domains and q_organization_domains_list cannot be used together")
        for name, value in body.items():
            if name.endswith("_range") and not isinstance(value, dict):
                return _unprocessable("no implicit conversion of String into Integer")
        understood = {name: FILTERS[name] for name in body if name in FILTERS}
        found = [each for each in self.people if all(fits(each, body[name]) for name, fits in understood.items())]
        total = len(found) if understood else EVERYBODY
        page, per_page = body.get("page", 1), min(body.get("per_page", 10), 100)
        if page * per_page > THRESHOLD:
            return _unprocessable("Page * per page number is over threshold")
        some = found[(page - 1) * per_page : page * per_page]
        if not is_legacy:
            return Reply(200, {"total_entries": total, "people": [each.found() for each in some]})
        return Reply(
            200,
            {
                "breadcrumbs": [],
                "partial_results_only": False,
                "partial_results_limit": 10_000,
                "pagination": _pagination(page, per_page, total),
                "contacts": [each.contact() for each in some if each.is_contact],
                "people": [each.found_legacy() for each in some if not each.is_contact],
            },
        )

    def _contacts(self, body: dict[str, Any]) -> Reply:
        page, per_page = body.get("page", 1), min(body.get("per_page", 10), 100)
        saved = [each for each in self.people if each.is_contact]
        some = saved[(page - 1) * per_page : page * per_page]
        listed = [each.contact() for each in some]
        return Reply(200, {"contacts": listed, "pagination": _pagination(page, per_page, len(saved))})

    def _bulk_match(self, body: dict[str, Any]) -> Reply:
        details = body.get("details")
        if not details:
            return _failed("INVALID_REQUEST", "details is missing")
        if len(details) > 10:
            return _failed("RECORD_LIMIT_EXCEEDED", "At most 10 records can be enriched at once.")
        by_id = {each.id: each for each in self.people}
        matches: list[dict[str, Any] | None] = []
        consumed = 0.0
        for asked in reversed(details):  # never in the order of the question
            person = by_id.get(asked.get("id"))
            if person is None or not person.is_known or person.id in self.is_short_of:
                continue
            if person.id in self.is_null_for:
                matches.append(None)
                continue
            self.sold[person.id] += 1
            consumed += self.credit_each
            matches += [person.match()] * (2 if person.id in self.is_twice else 1)
        if consumed > self.credits_left:
            self.sold.subtract(each["id"] for each in matches if each)
            return _unprocessable("You have insufficient credits to perform this action.")
        self.credits_left -= consumed
        return Reply(
            200,
            {
                "status": "success",
                "error_code": None,
                "error_message": None,
                "request_id": -8_612_345_678_901_234_567,
                "total_requested_enrichments": len(details),
                "unique_enriched_records": len([each for each in matches if each]),
                "missing_records": len(details) - len(matches),
                "credits_consumed": int(consumed) if consumed == int(consumed) else consumed,
                "matches": matches,
            },
        )


def _contains(text: str | None, wanted: list[str]) -> bool:
    return any(each.lower() in (text or "").lower() for each in wanted)


FILTERS: dict[str, Callable[[Person, Any], bool]] = {
    "person_titles": lambda person, wanted: _contains(person.title, wanted),
    "person_locations": lambda person, wanted: _contains(" ".join(person.place), wanted),
    "person_seniorities": lambda person, wanted: person.match()["seniority"] in wanted,
    "contact_email_status": lambda person, wanted: (person.email_status or "").replace("_", " ") in wanted,
    "q_organization_domains_list": lambda person, wanted: person.domain in wanted,
    "q_organization_domains": lambda person, wanted: person.domain in wanted.split("\n"),
    "q_keywords": lambda person, wanted: _contains(f"{person.first_name} {person.title}", [wanted]),
    "revenue_range": lambda _person, _wanted: True,
}


def _pagination(page: int, per_page: int, total: int) -> dict[str, int]:
    return {"page": page, "per_page": per_page, "total_entries": total, "total_pages": ceil(total / per_page)}


def _unprocessable(error: str) -> Reply:
    return Reply(422, {"error": error})


def _failed(code: str, message: str) -> Reply:
    return Reply(400, {"status": "failed", "error_code": code, "error_message": message})


class _Handler(BaseHTTPRequestHandler):
    apollo: ClassVar[FakeApollo]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *_args: Any) -> None:
        """Nothing: a test's output is its own."""

    def _answer(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        url = urlsplit(self.path)
        path = url.path.removeprefix("/api/v1/").removeprefix("/v1/")
        reply = self.apollo.answer(method, path, Call(path, body, dict(self.headers), url.query))
        if reply.is_dropped:
            self.close_connection = True
            return
        content, kind = reply.content
        self.send_response(reply.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(apollo: FakeApollo, port: int = 0) -> Iterator[FakeApollo]:
    """Serve on loopback; `apollo.url` is what APOLLO_API_URL has to be."""
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"apollo": apollo}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    apollo.url = f"http://127.0.0.1:{server.server_address[1]}/api/v1"
    try:
        yield apollo
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for Apollo's API on loopback.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--people", type=int, default=500)
    options = parser.parse_args()
    with serving(FakeApollo(options.people), options.port) as apollo:
        print(f"APOLLO_API_URL={apollo.url} OUTBOUND_ALLOW_HOSTS=127.0.0.1; the key is master-key. Ctrl-C ends it.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
