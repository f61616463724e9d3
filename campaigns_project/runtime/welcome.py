"""What `make run` says once the web answers."""

import http.client
import json
import time
from urllib.parse import urlsplit

from django.conf import settings

from campaigns_project.database.identity import configured

WEB_ANSWERS_WITHIN = 60.0  # seconds


def wait_for_web(*, host: str, port: int, within: float = WEB_ANSWERS_WITHIN) -> bool:
    """Wait until our own web process answers there; False when it did not in time."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if is_ours(host=host, port=port):
            return True
        time.sleep(0.2)
    return False


def is_ours(*, host: str, port: int) -> bool:
    """Whether a web process of this very installation answers there."""
    return _instance(host, port) == configured().instance


def _instance(host: str, port: int) -> str:
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": urlsplit(settings.PUBLIC_URL).netloc})
        return json.loads(connection.getresponse().read()).get("instance", "")
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return ""  # not up yet, or somebody else
    finally:
        connection.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here


def lines(*, login: str) -> list[str]:
    """The addresses, and the login where there is a demo one."""
    base = settings.PUBLIC_URL
    shown = [("Admin", f"{base}/admin/"), ("API docs", f"{base}/api/docs/")]
    if settings.SANDBOX:
        shown.append(("Mailbox", f"{base}/mailbox/"))
    if login:
        shown.append(("Log in", login))
    last = "Sandbox: no mail can leave this machine." if settings.SANDBOX else "SANDBOX is off: mails really go out."
    return ["Fairlead is running", "", *(f"{name:<10}{value}" for name, value in shown), "", last, "Ctrl-C stops it."]


def boxed(content: list[str]) -> str:
    """The lines with a frame around them."""
    width = max(map(len, content))
    body = [f"│  {line:<{width}}  │" for line in content]
    return "\n".join([f"╭{'─' * (width + 4)}╮", *body, f"╰{'─' * (width + 4)}╯"])
