"""E-mail services on a real socket: the HTTP APIs of five of them, as their documentation has them, and their faults.

    with ServiceServer() as server:
        EspConnection("postmark", server.keys("postmark"), resolve=server.resolve).deliver(...)

`mails` holds what was taken, in one shape for all services; `requests` every request. `faults` are used up one by one
before a request is answered well: a Says, or one of HANG_UP, SILENCE, DRIBBLE.
"""

import json
import socket
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP as HTTP_POLICY
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

HANG_UP, SILENCE, DRIBBLE = "hang up", "silence", "dribble"
PATIENCE = 10.0
PATHS = {"postmark": "", "mailgun": "v3/", "sendgrid": "v3/", "brevo": "v3/", "resend": ""}
KEYS = {
    "postmark": {"server_token": "good-key"},
    "mailgun": {"api_key": "good-key", "sender_domain": "sender.example"},
    "sendgrid": {"api_key": "good-key"},
    "brevo": {"api_key": "good-key"},
    "resend": {"api_key": "good-key"},
}


@dataclass(frozen=True)
class Says:
    """An answer that is not the usual one."""

    status: int
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """One mail the service took."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    sender: str = ""


class ServiceServer:
    """Runs until the end of its `with` block."""

    def __init__(self, *faults: Any, tls: Any = None):
        self.faults = list(faults)
        self.mails: list[Taken] = []
        self.requests: list[str] = []
        self.stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"service": self}))
        self._server.daemon_threads = True
        self.scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def keys(self, esp: str) -> dict[str, str]:
        """Settings with which `esp` is found here. Its name is not in DNS: `resolve` has it."""
        return {**KEYS[esp], "api_url": f"{self.scheme}://localhost:{self.port}/{PATHS[esp]}"}

    def resolve(self, _host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: ServiceServer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if not self._is_known():
            return self._answer(Says(401, {"message": "Unauthorized"}))
        return self._answer(Says(200, {"ok": True}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.service.requests.append(self.path)
        fault = self.service.faults.pop(0) if self.service.faults else None
        if fault == HANG_UP:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault == SILENCE:
            self.service.stopping.wait(PATIENCE)
            self.close_connection = True
        elif fault == DRIBBLE:
            self._dribble()
        elif fault is not None:
            self._answer(fault)
        elif not self._is_known():
            self._answer(Says(401, {"message": "Unauthorized"}))
        else:
            self._take(body)

    def _dribble(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{")
        while not self.service.stopping.wait(0.02):
            try:
                self.wfile.write(b" ")
            except OSError:
                return

    def _is_known(self) -> bool:
        headers = self.headers
        shown = [headers.get("X-Postmark-Server-Token"), headers.get("api-key"), headers.get("Authorization")]
        return any(value in {"good-key", "Bearer good-key", "Basic YXBpOmdvb2Qta2V5"} for value in shown)

    def _answer(self, says: Says) -> None:
        content = says.body if isinstance(says.body, str) else json.dumps(says.body)
        data = content.encode()
        self.send_response(says.status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(data), **says.headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def _take(self, body: bytes) -> None:
        """Read the mail by the rules of the API whose path this is."""
        apis = {
            "/email": _postmark,
            "/v3/mail/send": _sendgrid,
            "/v3/smtp/email": _brevo,
            "/emails": _resend,
            "/v3/sender.example/messages": _mailgun,
        }
        api = apis.get(self.path)
        if api is None:
            return self._answer(Says(404, {"message": "no such address"}))
        mails, says = api(body, self.headers["Content-Type"])
        self.service.mails += mails
        return self._answer(says)


def _postmark(body: bytes, _kind: str) -> tuple[list[Taken], Says]:
    data = json.loads(body)
    headers = {one["Name"]: one["Value"] for one in data.get("Headers", [])} | {"metadata": str(data.get("Metadata"))}
    mail = Taken(data["To"], data["Subject"], data.get("TextBody", ""), data.get("HtmlBody", ""), headers, data["From"])
    said = {"To": data["To"], "SubmittedAt": "", "MessageID": "b7bc2f4a", "ErrorCode": 0, "Message": "OK"}
    return [mail], Says(200, said)


def _sendgrid(body: bytes, _kind: str) -> tuple[list[Taken], Says]:
    data = json.loads(body)
    content = {one["type"]: one["value"] for one in data["content"]}
    people = data["personalizations"]
    mails = [
        Taken(
            person["to"][0]["email"],
            data["subject"],
            content.get("text/plain", ""),
            content.get("text/html", ""),
            data["headers"],
            data["from"]["email"],
        )
        for person in people
    ]
    return mails, Says(202, "", {"X-Message-Id": "sg-1"})


def _brevo(body: bytes, _kind: str) -> tuple[list[Taken], Says]:
    data = json.loads(body)
    mail = Taken(
        data["to"][0]["email"],
        data["subject"],
        data.get("textContent", ""),
        data.get("htmlContent", ""),
        data["headers"],
        data["sender"]["email"],
    )
    return [mail], Says(201, {"messageId": "<brevo-1@smtp-relay.mailin.fr>"})


def _resend(body: bytes, _kind: str) -> tuple[list[Taken], Says]:
    data = json.loads(body)
    mail = Taken(
        data["to"][0], data["subject"], data.get("text", ""), data.get("html", ""), data["headers"], data["from"]
    )
    return [mail], Says(200, {"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"})


def _mailgun(body: bytes, kind: str) -> tuple[list[Taken], Says]:
    """One mail for each of `to`, the fields %recipient.x% filled in anywhere from recipient-variables."""
    form = _form(body, kind)
    if any("@" not in to for to in form["to"]):
        return [], Says(400, {"message": "to parameter is not a valid address. please check documentation"})
    variables = json.loads(form.get("recipient-variables", ["{}"])[0])
    mails = []
    for to in form["to"]:
        address = to.partition("<")[2].rstrip(">") or to
        own = variables.get(address, {})
        headers = {name[2:]: _filled(value[0], own) for name, value in form.items() if name.startswith("h:")}
        parts = [_filled(form.get(name, [""])[0], own) for name in ("subject", "text", "html")]
        mails.append(Taken(address, *parts, headers, form["from"][0]))
    return mails, Says(200, {"id": "<20261121.1@sender.example>", "message": "Queued. Thank you."})


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"%recipient.{name}%", value)
    return text


def _form(body: bytes, kind: str) -> dict[str, list[str]]:
    if kind.startswith("application/x-www-form-urlencoded"):
        return parse_qs(body.decode(), keep_blank_values=True)
    mail = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body, policy=HTTP_POLICY)
    form: dict[str, list[str]] = {}
    for part in mail.iter_parts():
        name = part.get_param("name", header="Content-Disposition")
        form.setdefault(str(name), []).append(part.get_content().removesuffix("\n"))
    return form
