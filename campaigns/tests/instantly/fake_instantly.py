"""A stand-in for Instantly's API v2, over real HTTP: what it is known to do, right and wrong.

For trying things out by hand: `python -m campaigns.tests.instantly.fake_instantly --port 8091`, then start Fairlead
with INSTANTLY_API_URL=http://127.0.0.1:8091/api/v2 and OUTBOUND_ALLOW_HOSTS=127.0.0.1; the key is `master-key`.
"""

import argparse
import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from campaigns.providers.instantly.zones import ACCEPTED

CAMPAIGN_KEYS = {
    "name", "campaign_schedule", "sequences", "email_list", "daily_limit", "daily_max_leads", "stop_on_reply",
    "stop_on_auto_reply", "open_tracking", "link_tracking", "insert_unsubscribe_header", "email_gap", "text_only",
}  # fmt: skip
LEAD_KEYS = {
    "email", "first_name", "last_name", "company_name", "job_title", "phone", "website", "personalization",
    "custom_variables",
}  # fmt: skip


@dataclass
class Reply:
    """An answer as it goes over the line."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    is_dropped: bool = False  # the work is done, and the connection closed before the answer
    is_ignored: bool = False  # the same, and nothing is done


@dataclass
class Call:
    """A request as it came."""

    method: str
    path: str
    body: dict[str, Any]
    query: dict[str, str]
    headers: Mapping[str, str]


class FakeInstantly:
    """The state behind the server; a test sets what it wants to meet, and looks at what was asked."""

    def __init__(self) -> None:
        self.keys = {"master-key": "workspace-1"}
        self.campaigns: dict[str, dict[str, Any]] = {}
        self.leads: dict[str, dict[str, Any]] = {}
        self.webhooks: dict[str, dict[str, Any]] = {}
        self.emails: list[dict[str, Any]] = []
        self.days: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.figures: dict[str, dict[str, Any]] = {}
        self.blocklist: set[str] = set()
        self.invalid: set[str] = set()
        self.calls: list[Call] = []
        self.replies: dict[str, list[Reply]] = defaultdict(list)
        self.before: Callable[[Call], None] = lambda _call: None
        self.lock = threading.Lock()
        self.url = ""

    def next_reply(self, path: str, *replies: Reply) -> None:
        """Answer the next calls of `path` so."""
        self.replies[path].extend(replies)

    def asked(self, method: str, path: str) -> list[Call]:
        """The calls of this kind, in order."""
        return [call for call in self.calls if (call.method, call.path) == (method, path)]

    def in_campaign(self, campaign: str) -> list[dict[str, Any]]:
        return [lead for lead in self.leads.values() if lead["campaign"] == campaign]

    def answer(self, call: Call) -> Reply:
        self.before(call)
        with self.lock:
            self.calls.append(call)
            if call.headers.get("Authorization", "").removeprefix("Bearer ") not in self.keys:
                return _error(401, "Unauthorized", "Invalid API key")
            planned = self.replies[call.path].pop(0) if self.replies[call.path] else None
            if planned is not None and (planned.is_ignored or not planned.is_dropped):
                return planned
            reply = self._routed(call)
            return planned or reply

    def _routed(self, call: Call) -> Reply:
        routes: dict[str, Callable[[Call], Reply]] = {
            "GET workspaces/current": lambda _call: Reply(200, {"id": self._workspace(call), "name": "Acme"}),
            "POST campaigns": self._create,
            "GET campaigns": self._listed,
            "GET campaigns/analytics": self._analytics,
            "GET campaigns/analytics/daily": lambda call: Reply(200, self.days[call.query["campaign_id"]]),
            "POST leads/add": self._add,
            "POST leads/list": self._list_leads,
            "DELETE leads": self._delete,
            "POST block-lists-entries/bulk-create": self._block,
            "GET webhooks": lambda call: _page([*self.webhooks.values()], call.query),
            "POST webhooks": self._hook,
            "GET emails": self._list_emails,
        }
        found = routes.get(f"{call.method} {call.path}")
        if found:
            return found(call)
        if match := re.fullmatch(r"campaigns/([^/]+)/(activate|pause)", call.path):
            return self._move(match[1], 1 if match[2] == "activate" else 2)
        if (match := re.fullmatch(r"campaigns/([^/]+)", call.path)) and match[1] in self.campaigns:
            return Reply(200, self.campaigns[match[1]])
        if match := re.fullmatch(r"webhooks/([^/]+)/resume", call.path):
            self.webhooks[match[1]]["status"] = 1
            return Reply(200, self.webhooks[match[1]])
        return _error(404, "Not Found", "Resource not found")

    def _workspace(self, call: Call) -> str:
        return self.keys[call.headers["Authorization"].removeprefix("Bearer ")]

    def _create(self, call: Call) -> Reply:
        unknown = sorted(set(call.body) - CAMPAIGN_KEYS)
        if unknown:
            return _error(400, "Bad Request", "body must NOT have additional properties")
        for name in ("name", "campaign_schedule"):
            if name not in call.body:
                return _error(400, "Bad Request", f"body must have required property '{name}'")
        for schedule in call.body["campaign_schedule"]["schedules"]:
            if schedule["timezone"] not in ACCEPTED:
                where = "body/campaign_schedule/schedules/0/timezone"
                return _error(400, "Bad Request", f"{where} must be equal to one of the allowed values")
        return Reply(200, self.add_campaign(call.body))

    def add_campaign(self, body: dict[str, Any]) -> dict[str, Any]:
        """One that is there, as if it was made in the browser."""
        number = str(uuid4())
        made = {**body, "id": number, "status": 0, "timestamp_created": datetime.now(UTC).isoformat()}
        self.campaigns[number] = made
        return made

    def _listed(self, call: Call) -> Reply:
        word = call.query.get("search", "")
        return _page([each for each in self.campaigns.values() if word in each["name"]], call.query)

    def _move(self, number: str, status: int) -> Reply:
        if number not in self.campaigns:
            return _error(404, "Not Found", "Resource not found")
        self.campaigns[number]["status"] = status
        return Reply(200, self.campaigns[number])

    def _add(self, call: Call) -> Reply:
        leads = call.body["leads"]
        if not 1 <= len(leads) <= 1_000:
            return _error(400, "Bad Request", "body/leads must NOT have more than 1000 items")
        created, counts = [], {"duplicated_leads": 0, "in_blocklist": 0, "invalid_email_count": 0, "skipped_count": 0}
        for place, lead in enumerate(leads):
            if set(lead) - LEAD_KEYS or any(isinstance(v, dict | list) for v in lead["custom_variables"].values()):
                return _error(400, "Bad Request", "body/leads must NOT have additional properties")
            address = lead["email"].lower()
            if address in self.blocklist:
                counts["in_blocklist"] += 1
            elif address in self.invalid:
                counts["invalid_email_count"] += 1
            elif call.body.get("skip_if_in_campaign") and any(
                each["email"].lower() == address for each in self.leads.values()
            ):
                counts["duplicated_leads"] += 1
            else:
                number = str(uuid4())
                self.leads[number] = {
                    **lead, "id": number, "campaign": call.body["campaign_id"], "status": 1, "email_reply_count": 0,
                    "payload": lead["custom_variables"],
                }  # fmt: skip
                created.append({"index": place, "id": number, "email": lead["email"]})
        return Reply(200, {"status": "success", "total_sent": len(leads), "leads_uploaded": len(created), **counts,
                           "created_leads": created})  # fmt: skip

    def _list_leads(self, call: Call) -> Reply:
        found = self.in_campaign(call.body["campaign"]) if "campaign" in call.body else [*self.leads.values()]
        if "contacts" in call.body:
            wanted = {each.lower() for each in call.body["contacts"]}
            found = [each for each in found if each["email"].lower() in wanted]
        if "ids" in call.body:
            found = [each for each in found if each["id"] in call.body["ids"]]
        return _page(sorted(found, key=lambda each: each["id"]), call.body)

    def _delete(self, call: Call) -> Reply:
        numbers = [each for each in call.body["ids"] if each in self.leads]
        for each in numbers:
            del self.leads[each]
        return Reply(200, {"count": len(numbers)})

    def _block(self, call: Call) -> Reply:
        self.blocklist |= {each.lower() for each in call.body["bl_values"]}
        return Reply(200, {"items": [], "valid_count": len(call.body["bl_values"]), "invalid_count": 0})

    def _hook(self, call: Call) -> Reply:
        number = str(uuid4())
        self.webhooks[number] = {**call.body, "id": number, "status": 1}
        return Reply(200, self.webhooks[number])

    def _list_emails(self, call: Call) -> Reply:
        since = call.query.get("min_timestamp_created", "")
        found = [
            each
            for each in self.emails
            if each["campaign_id"] == call.query["campaign_id"] and each["timestamp_created"] >= since
        ]
        return _page(sorted(found, key=lambda each: each["timestamp_created"]), call.query)

    def _analytics(self, call: Call) -> Reply:
        return Reply(200, [self.figures.get(call.query["id"], {"campaign_id": call.query["id"]})])


def _page(found: list[dict[str, Any]], asked: Mapping[str, Any]) -> Reply:
    """A page; as the real one does it, the last full one has a cursor too, behind which there is nothing."""
    limit = min(int(asked.get("limit", 10)), 100)
    after = asked.get("starting_after")
    begin = next((place + 1 for place, each in enumerate(found) if each["id"] == after), 0) if after else 0
    items = found[begin : begin + limit]
    return Reply(200, {"items": items, "next_starting_after": items[-1]["id"] if items else None})


def _error(status: int, error: str, message: str) -> Reply:
    return Reply(status, {"statusCode": status, "error": error, "message": message})


class _Handler(BaseHTTPRequestHandler):
    fake: ClassVar[FakeInstantly]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def log_message(self, *_args: Any) -> None:
        """Nothing: a test's output is its own."""

    def _answer(self, method: str) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        path = url.path.removeprefix("/api/v2/")
        if self.headers.get("Content-Type") == "application/json" and not content:
            reply = _error(400, "Bad Request", "Body cannot be empty when content-type is set to 'application/json'")
        else:
            reply = self.fake.answer(Call(method, path, json.loads(content or b"{}"), query, dict(self.headers)))
        if reply.is_dropped or reply.is_ignored:
            self.close_connection = True
            return
        body = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        kind = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in {**kind, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(fake: FakeInstantly, port: int = 0) -> Iterator[FakeInstantly]:
    """Serve on loopback; `fake.url` is what INSTANTLY_API_URL has to be."""
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"fake": fake}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/api/v2"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for Instantly's API on loopback.")
    parser.add_argument("--port", type=int, default=8091)
    with serving(FakeInstantly(), parser.parse_args().port) as fake:
        print(f"INSTANTLY_API_URL={fake.url} OUTBOUND_ALLOW_HOSTS=127.0.0.1; the key is master-key. Ctrl-C ends it.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
