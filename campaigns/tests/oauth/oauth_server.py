"""A provider on a real socket: it lets people in, and gives tokens for codes and for refresh tokens (RFC 6749, 7636).

    with OAuthServer() as server:
        code_or_error = server.allow(address)   # as somebody who is signed in there and says yes

`faults` are used up one by one before a question for tokens is answered well: a status with what is said. Every access
token that it gives is taken by mail servers that are given `tokens`.
"""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from campaigns.models import OAuthApplication
from campaigns.tests.factories import NOON, OAuthApplicationFactory

SECRET = "secret-of-the-client"
PATIENCE = 10.0


class OAuthServer:
    """Runs until the end of its `with` block; `asked` has every question for tokens."""

    def __init__(self) -> None:
        self.tokens: list[str] = []  # the last is the one that is good
        self.refresh_tokens = {"refresh-token-0"}  # that are good; each is for one use
        self.asked: list[dict[str, str]] = []
        self.faults: list[tuple[int, Any]] = []
        self.more: dict[str, Any] = {}  # in every answer
        self.denies = False
        self.answers = threading.Event()
        self.answers.set()
        self.is_asked = threading.Event()
        self._codes: dict[str, dict[str, str]] = {}
        self._numbers = count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"provider": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def application(self, **given: Any) -> OAuthApplication:
        """An application that is registered here."""
        values = {"authorize_url": f"{self.address}/authorize", "token_url": f"{self.address}/token"}
        return OAuthApplicationFactory(**{"provider": "custom", "scopes": "mail", **values, **given})

    def allow(self, address: str) -> dict[str, str]:
        """What the browser brings back of somebody who signed in at `address` and said yes."""
        asked = dict(parse_qsl(urlsplit(address).query))
        code = f"code-{next(self._numbers)}"
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def answer(self, asked: dict[str, str]) -> tuple[int, Any]:
        """To a question for tokens."""
        self.asked.append(asked)
        self.is_asked.set()
        self.answers.wait(PATIENCE)
        if self.faults:
            return self.faults.pop(0)
        if (asked.get("client_id"), asked.get("client_secret")) != ("fairlead-here", SECRET):
            return 401, {"error": "invalid_client", "error_description": f"not {asked.get('client_secret')}"}
        if not (self._is_of_a_code(asked) or self._is_of_a_refresh_token(asked)):
            return 400, {"error": "invalid_grant", "error_description": "AADSTS70008: expired\0or revoked"}
        return 200, self._tokens()

    def _is_of_a_code(self, asked: dict[str, str]) -> bool:
        begun = self._codes.pop(asked.get("code", ""), None)
        if asked["grant_type"] != "authorization_code" or begun is None:
            return False
        shown = base64.urlsafe_b64encode(hashlib.sha256(asked["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        is_it = (begun["code_challenge_method"], begun["code_challenge"]) == ("S256", shown)
        return is_it and begun["redirect_uri"] == asked["redirect_uri"]

    def _is_of_a_refresh_token(self, asked: dict[str, str]) -> bool:
        if asked["grant_type"] != "refresh_token" or asked["refresh_token"] not in self.refresh_tokens:
            return False
        self.refresh_tokens.remove(asked["refresh_token"])
        return True

    def _tokens(self) -> dict[str, Any]:
        number = next(self._numbers)
        self.tokens.append(f"access-token-{number}-of-ada")
        self.refresh_tokens.add(f"refresh-token-{number}")
        given = {"access_token": self.tokens[-1], "refresh_token": f"refresh-token-{number}"}
        return {**given, "token_type": "Bearer", "expires_in": 3599, **self.more}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)


class _Handler(BaseHTTPRequestHandler):
    provider: OAuthServer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """A browser comes by itself: whoever it is of says yes at once, or no while the provider `denies`."""
        brought = self.provider.allow(self.path)
        if self.provider.denies:
            brought = {"error": "access_denied", "error_description": "No.", "state": brought["state"]}
        self.send_response(302)
        self.send_header(
            "Location", f"{dict(parse_qsl(urlsplit(self.path).query))['redirect_uri']}?{urlencode(brought)}"
        )
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, said = self.provider.answer({name: values[0] for name, values in parse_qs(body).items()})
        shown = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(shown)))
        self.end_headers()
        self.wfile.write(shown)


def connect(owner: Any, application: OAuthApplication | None = None, **given: Any) -> Any:
    """`owner` as if somebody had connected it, by an application of its organization."""
    elsewhere = {"provider": "custom", "authorize_url": "https://idp.example/a", "token_url": "https://idp.example/t"}
    application = application or OAuthApplicationFactory(organization=owner.organization, **elsewhere)
    values = {"oauth_application": application, "refresh_token": "refresh-token-0", "connected_at": NOON, **given}
    type(owner).objects.filter(pk=owner.pk).update(**values)
    owner.refresh_from_db()
    return owner


def id_token(address: str) -> str:
    """One whose account is this, unsigned."""
    body = base64.urlsafe_b64encode(json.dumps({"email": address}).encode()).rstrip(b"=").decode()
    return f"e30.{body}."
