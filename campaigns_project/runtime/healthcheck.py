"""Whether the web of this container answers: exit code 0 or 1. Asked every few seconds, so it loads nothing of ours."""

import http.client
import os
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

SECONDS = 4


def answers(environment: Mapping[str, str]) -> bool:
    """Ask /healthz on WEB_PORT under the name of PUBLIC_URL, the one host name that is always answered to."""
    host = urlsplit(environment.get("PUBLIC_URL", "")).netloc or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", int(environment.get("WEB_PORT", "8000")), timeout=SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not answers(os.environ))
